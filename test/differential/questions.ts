/**
 * Requests that do not hang together: where one is answered otherwise than the ledger has it, that is a finding by
 * itself, and the next is asked all the same. Of each kind of finding the first is told.
 */
import { comparableResponse, inJson } from "./comparable.ts";
import type { Compared, ControllerPair, Difference } from "./controller-pair.ts";
import type { Asked } from "./jvm-controller.ts";
import { knownDifference } from "./known.ts";
import { inWords, noteResignation, type WalkResult } from "./walk.ts";

/** So many findings are enough to end with. */
const FINDINGS_MAX = 40;

export class Questions {
  readonly pair: ControllerPair;
  readonly #result: WalkResult;
  /** What they have in common, of those that were told. */
  readonly #findings = new Set<string>();

  constructor(pair: ControllerPair, result: WalkResult) {
    this.pair = pair;
    this.#result = result;
  }

  async ask(asked: Asked, seed = ""): Promise<Compared> {
    const compared = await this.pair.ask(asked);
    this.count();
    if (compared.hasResigned) {
      noteResignation(this.#result, asked, compared.fault);
      return { ...compared, difference: null };
    }
    if (compared.difference !== null) this.note(compared.difference, seed);
    return compared;
  }

  count(): void {
    this.#result.steps += 1;
  }

  /** A difference counts for what the ledger says of it. */
  note(difference: Difference, seed = ""): void {
    const known = knownDifference(difference);
    if (known !== undefined) {
      this.#result.known.set(known.title, (this.#result.known.get(known.title) ?? 0) + 1);
      return;
    }
    const kind = kindOf(difference);
    if (this.#findings.has(kind)) return;
    this.#findings.add(kind);
    console.log(`\n--- ${kind}\n${seed}${inWords(difference)}\n---`);
    if (this.#findings.size >= FINDINGS_MAX) this.conclude();
  }

  /** Rejects where something was found. */
  conclude(): void {
    if (this.#findings.size === 0) return;
    const kinds = [...this.#findings].join("\n");
    throw new Error(`${this.#findings.size} kinds of differences that are not known\n${kinds}`);
  }
}

/** The request's API, in what the two differ, and the codes of both. */
function kindOf({ asked, in: where, ours, theirs }: Difference): string {
  const codes = [ours, theirs].map(({ response }) => {
    const text = inJson(comparableResponse(asked.name, response));
    const said = [...text.matchAll(/"errorCode":(-?\d+)/gi)].map(([, code]) => code);
    return said.length === 0 ? text.slice(0, 60) : [...new Set(said)].join();
  });
  return `${asked.name} ${where} ${codes.join(" / ")} `;
}
