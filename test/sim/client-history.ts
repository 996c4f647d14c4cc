/**
 * What the clients of a world asked for and what they were told, judged when the world is over: is there an order that
 * explains it, is it that of the log, and was everything once true that a stale read has shown? What was refused for
 * the state counts as such a read. It knows more than a client of what nobody was told: whether the committed log holds
 * it, and where.
 */
import type {
  Operation as ControlOperation,
  Outcome,
} from "../../durable-objects/active-controller/active-controller.ts";
import { encodeMetadataRecord } from "../../src/protocol/index.ts";
import { checkLinearizable } from "../linearizability/checker.ts";
import { complaintAboutOrder } from "../linearizability/log-order.ts";
import type { Model } from "../linearizability/model.ts";
import type { LogPlace, Operation } from "../linearizability/operation.ts";
import { type Call, Recorder } from "../linearizability/recorder.ts";
import { complaintAboutSessions, type StaleRead } from "../linearizability/session-order.ts";
import type { Complaint } from "./checkers/checker.ts";
import type { GhostLog } from "./checkers/ghost.ts";
import { fingerprintOfBytes } from "./entries.ts";
import type { Instance } from "./instance.ts";

/** Who is asked: an instance, as far as a history sees of it. */
export interface Asked {
  readonly submit: Instance["submit"];
  readonly state: { readonly election: { readonly epoch: number } };
  readonly replica: { readonly name: string };
}

/** One operation of a client, at the instance that it asks. */
export interface Question<Input, Output, Response> {
  readonly instance: Asked;
  readonly client: string;
  readonly input: Input;
  readonly operation: ControlOperation<Response>;
  readonly apiVersion: number;
  /** What the client makes of the response; null where it was refused for other reasons than the state. */
  readonly outputOf: (response: Response) => Output | null;
}

/** Where the records of an operation will be, if they are committed: known when it has run. */
interface Run extends LogPlace {
  readonly epoch: number;
  /** Of the last record. */
  readonly fingerprint: number;
}

/** Operations on objects of one kind. */
export class ClientHistory<State, Input, Output> {
  readonly #modelOf: (history: readonly Operation<Input, Output>[]) => Model<State, Input, Output>;
  readonly #recorder = new Recorder<Input, Output>();
  readonly #reads: StaleRead<Input, Output>[] = [];
  /** Those of which nobody was told, and that have run, if they have. */
  readonly #open = new Map<Call<Output>, Run | null>();

  constructor(
    modelOf: (history: readonly Operation<Input, Output>[]) => Model<State, Input, Output>,
  ) {
    this.#modelOf = modelOf;
  }

  /** Asks, and writes down what is said. `heard` gets what `Instance.submit` says. */
  submit<Response>(
    question: Question<Input, Output, Response>,
    heard: (outcome: Outcome<Response> | null) => void,
  ): void {
    const { instance, client, input, operation, apiVersion } = question;
    const call = this.#recorder.call(client, input);
    this.#open.set(call, null);
    const watched: ControlOperation<Response> = (view, context) => {
      const result = operation(view, context);
      const { records } = result;
      const last = records.at(-1);
      this.#open.set(call, {
        epoch: instance.state.election.epoch,
        endOffset: context.nextOffset + records.length,
        records: records.length,
        fingerprint: last === undefined ? 0 : fingerprintOfBytes(encodeMetadataRecord(last)),
      });
      return result;
    };
    instance.submit(watched, apiVersion, (outcome) => {
      this.#hear(call, question, outcome);
      heard(outcome);
    });
  }

  /** A client begins a read that is to be linearizable, from wherever it is answered. */
  ask(client: string, input: Input): Call<Output> {
    return this.#recorder.call(client, input);
  }

  /** A stale read has been answered. */
  read(read: StaleRead<Input, Output>): void {
    this.#reads.push(read);
  }

  /** What is wrong, as far as the log is committed. Nothing is written down afterwards. */
  judge(committed: GhostLog): Complaint | undefined {
    for (const [call, run] of this.#open) {
      if (run === null || run.records === 0 || !isCommitted(committed, run)) call.withoutEffect();
      else call.unknown({ endOffset: run.endOffset, records: run.records });
    }
    this.#open.clear();
    const { history } = this.#recorder;
    const model = this.#modelOf(history);
    const verdict = checkLinearizable(model, history);
    if (verdict.kind !== "linearizable")
      return { checker: "linearizable", sentence: verdict.sentence };
    const order = complaintAboutOrder(model, history);
    if (order !== undefined) return { checker: "follows-the-log", sentence: order };
    const session = complaintAboutSessions(model, history, this.#reads);
    return session === undefined ? undefined : { checker: "no-read-goes-back", sentence: session };
  }

  #hear<Response>(
    call: Call<Output>,
    { outputOf, input, instance }: Question<Input, Output, Response>,
    outcome: Outcome<Response> | null,
  ): void {
    const run = this.#open.get(call) ?? null;
    if (outcome === null || outcome.kind === "abandoned") return;
    this.#open.delete(call);
    const output = outcome.kind === "committed" ? outputOf(outcome.response) : null;
    if (outcome.kind !== "committed" || output === null || run === null)
      return call.withoutEffect();
    const { endOffset } = outcome;
    const { records, epoch } = run;
    if (records > 0) return call.returned(output, { endOffset, records });
    // A controller that does not know yet that its office is lost refuses by what it knew, as Kafka's does.
    call.withoutEffect();
    const session = `office of epoch ${epoch} at replica ${instance.replica.name}`;
    this.#reads.push({ session, endOffset, epoch, input, output });
  }
}

/** Whether the committed log holds the records of a run: those of another in their place have another epoch. */
function isCommitted(committed: GhostLog, { endOffset, epoch, fingerprint }: Run): boolean {
  const entry = committed.entryWith(endOffset - 1);
  if (entry === undefined || entry.epoch !== epoch) return false;
  return entry.records?.[endOffset - 1 - entry.baseOffset] === fingerprint;
}
