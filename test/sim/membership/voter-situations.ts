/** What a run must have met of changes of the voter set, as it is seen in a single step of a core. */
import {
  type Input,
  type State,
  type Step,
  type VotersRecord,
  votersAt,
} from "../../../src/raft/index.ts";
import { nameOfKey } from "../directories.ts";
import type { Replica } from "../replica.ts";

interface Taken {
  readonly input: Input;
  readonly before: State;
  readonly step: Step;
}

export class VoterSituations {
  readonly #saw: (what: string) => void;
  /** Who led an epoch. */
  readonly #leaders = new Map<number, string>();
  /**
   * Leaders, each with its epoch, that have said of a change that it took too long, and cannot take it back any more.
   */
  readonly #timedOut = new Set<string>();
  readonly #refusedJoiners = new Set<string>();

  constructor(saw: (what: string) => void) {
    this.#saw = saw;
  }

  step(replica: Replica, taken: Taken): void {
    const { before, step } = taken;
    const { state, effects } = step;
    const [first] = effects;
    const isCut = first?.kind === "persist" && first.truncateTo !== null;
    if (isCut && newestOffset(state) < newestOffset(before))
      this.#saw("a voter set was taken back by a truncation");
    if (state.role.kind === "leader") this.#leaders.set(state.election.epoch, replica.name);
    this.#committed(replica, before, state);
    this.#answered(replica, taken);
    this.#joined(replica, taken);
  }

  /** What a leader has committed in this step, perhaps as the last thing that it did. */
  #committed({ name }: Replica, before: State, { role, committed, voters, log }: State): void {
    if (before.role.kind !== "leader" || (role.kind !== "leader" && role.kind !== "resigned"))
      return;
    const from = before.committed ?? 0;
    const news = voters.records.filter(({ offset }) => offset >= from && offset < (committed ?? 0));
    for (const record of news) {
      const [was, is] = [namesAt(before, record), record.voters.map(({ key }) => nameOfKey(key))];
      const writer = log.epochs.findLast(({ startOffset }) => startOffset <= record.offset);
      const leader = this.#leaders.get(writer?.epoch ?? -1) ?? "";
      const isGone = was.includes(leader) && !is.includes(leader);
      if (is.length > was.length) this.#saw("a voter was added");
      if (is.length < was.length) this.#saw("a voter was removed");
      if (was.length === 1 && is.length === 2) this.#saw("a quorum of one grew");
      if (was.length === 2 && is.length === 1) this.#saw("a quorum shrank to one");
      if (is.length >= 7 && was.length < is.length) this.#saw("a quorum grew to seven or more");
      if (isGone && leader === name) this.#saw("a leader removed itself");
      if (isGone && leader !== name) this.#saw("the removal of a leader was committed by another");
      if (this.#timedOut.delete(`${name}@${before.election.epoch}`))
        this.#saw("a change that took too long was committed");
    }
  }

  #answered({ name }: Replica, { input, before, step: { state, effects } }: Taken): void {
    if (before.role.kind !== "leader") return;
    const { change } = before.role;
    const isAsked = input.kind === "request-received" && input.body.api.endsWith("-raft-voter");
    for (const effect of effects) {
      if (effect.kind !== "reply" || effect.response.error !== "REQUEST_TIMED_OUT") continue;
      const isOfThis = isAsked && effect.to === input.request;
      if (isOfThis && change !== null)
        this.#saw("a change was refused while another was under way");
      const goesOn = state.role.kind === "leader" && state.role.change !== null;
      if (!isOfThis && change?.request === effect.to && goesOn)
        this.#timedOut.add(`${name}@${state.election.epoch}`);
    }
  }

  #joined({ name }: Replica, { input, before, step: { state, effects } }: Taken): void {
    const isRefused =
      input.kind === "response-received" &&
      input.body.api === "add-raft-voter" &&
      input.body.error !== "NONE";
    if (isRefused) this.#refusedJoiners.add(name);
    const [first] = effects;
    if (first?.kind !== "persist" || !first.joined || before.joining === state.joining) return;
    this.#saw("a node joined by itself");
    if (name.includes("/")) this.#saw("a wiped node joined again with another directory");
    if (this.#refusedJoiners.has(name)) this.#saw("a node was refused first and joined then");
  }
}

const newestOffset = ({ voters }: State): number => voters.records.at(-1)?.offset ?? -1;

/** The voters just below a set. */
const namesAt = ({ voters }: State, { offset }: VotersRecord): readonly string[] =>
  votersAt(voters, offset).map(({ key }) => nameOfKey(key));
