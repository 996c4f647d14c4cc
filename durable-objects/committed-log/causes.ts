/**
 * Who caused the records of the log: the API that wrote them, in whose name, and the client id of its request. Records
 * of Kafka's metadata have no room for it (a broker refuses one that has headers), so it is kept beside the log: by the
 * active controller, in memory, of the last operations of its office. It is lost with the office, and told then as not
 * known. What was committed in the office and by no request, the controller wrote of itself.
 */
import type { Cause, CauseSpan, KnownCauses } from "../cause-contract.ts";

/** A page of history: what a reader that follows the log asks about is seconds old. */
const SPANS_MAX = 500;
/** Of a name, as much as a topic's may have; a client id may be of 32 KiB. */
const CHARACTERS_MAX = 249;
/** Of what one answer tells. It travels in a header, of which the platform takes 128 KiB in all. */
const TOLD_CHARACTERS_MAX = 16_384;

/** Records of the log, and what caused them. */
interface Caused extends Cause {
  readonly baseOffset: number;
  /** Exclusive. */
  readonly endOffset: number;
}

export class Causes {
  #spans: Caused[] = [];
  #nodeId = -1;
  #epoch = -1;
  /** From here on every record of the epoch is one of a span, or the controller's own. */
  #since = 0;

  /** An office begins at this offset: of the one before nothing is known any more. */
  begin(office: { readonly nodeId: number; readonly epoch: number; readonly since: number }): void {
    this.#spans = [];
    this.#nodeId = office.nodeId;
    this.#epoch = office.epoch;
    this.#since = office.since;
  }

  /** Records of this office are committed, or may be yet: noted before anybody is told of the commit. */
  note({ baseOffset, endOffset, ...cause }: Caused): void {
    const cut = {
      api: cause.api,
      principal: shortened(cause.principal),
      clientId: shortened(cause.clientId),
    };
    const last = this.#spans.at(-1);
    if (last !== undefined && last.endOffset === baseOffset && isSame(last, cut)) {
      this.#spans[this.#spans.length - 1] = { ...last, endOffset };
      return;
    }
    this.#spans.push({ ...cut, baseOffset, endOffset });
    while (this.#spans.length > SPANS_MAX) this.#dropOldest();
  }

  /** What is known of the records of a range; null outside an office, or where nothing is known of any. */
  within(from: number, endOffset: number): KnownCauses | null {
    if (this.#epoch < 0 || endOffset <= this.#since) return null;
    const found = this.#spans.filter(
      (span) => span.endOffset > from && span.baseOffset < endOffset,
    );
    let since = this.#since;
    // The newest are told where not all have room.
    const spans: CauseSpan[] = [];
    let characters = 0;
    for (const span of found.toReversed()) {
      const told = spanOf(span);
      characters += JSON.stringify(told).length;
      if (characters > TOLD_CHARACTERS_MAX) {
        since = Math.max(since, span.endOffset);
        break;
      }
      spans.unshift(told);
    }
    return { node_id: this.#nodeId, epoch: this.#epoch, since, spans };
  }

  #dropOldest(): void {
    const oldest = this.#spans.shift();
    if (oldest !== undefined) this.#since = Math.max(this.#since, oldest.endOffset);
  }
}

const isSame = (one: Cause, other: Cause): boolean =>
  one.api === other.api && one.principal === other.principal && one.clientId === other.clientId;

const spanOf = ({ baseOffset, endOffset, api, principal, clientId }: Caused): CauseSpan => [
  baseOffset,
  endOffset,
  api,
  principal,
  clientId,
];

const shortened = (name: string): string =>
  name.length > CHARACTERS_MAX ? `${name.slice(0, CHARACTERS_MAX)}…` : name;
