/**
 * Histories drawn from a seed. Every operation takes effect in one instant between call and return, so the history is
 * linearizable and says its places in a log; some clients never hear of one, which then takes effect later or never,
 * and go on under another name. What must be noticed is put in afterwards (`damage.ts`), or by losing a write here.
 */
import type { Operation } from "./operation.ts";
import type { Draw, Workload } from "./workloads.ts";

export interface Shape {
  readonly clients: number;
  /** Of all clients together. */
  readonly operations: number;
  /** One of so many operations is never answered. */
  readonly unansweredOneIn: number;
  /** Whether one operation is answered, has its place, and leaves no trace in the object. */
  readonly losesWrite?: boolean;
}

/** An operation before anything has happened: its moments alone. `effectAt` is Infinity where it never takes effect. */
interface Plan {
  readonly client: string;
  readonly serial: number;
  readonly callAt: number;
  readonly effectAt: number;
  readonly returnAt: number;
}

/** As long as each stretch of an operation, and the pause before it, may last at most. */
const STRETCH = 12;
/** As late as an operation takes effect of which its client does not hear. */
const LATE = 150;

/** Draws a history, in the order of the calls. */
export function drawHistory<State, Input, Output>(
  workload: Workload<State, Input, Output>,
  shape: Shape,
  draw: Draw,
): readonly Operation<Input, Output>[] {
  const plans = drawPlans(shape, draw).toSorted((one, other) => one.effectAt - other.effectAt);
  let { init: state } = workload;
  let end = 0;
  // The write that is lost, as a count of those that come before it.
  let untilLost = shape.losesWrite === true ? draw(Math.ceil(shape.operations / 6)) : Infinity;
  const history: Operation<Input, Output>[] = [];
  for (const { client, serial, callAt, effectAt, returnAt } of plans) {
    const input = workload.ask(draw, serial);
    const called = { client, callAt, returnAt, input, output: null, place: null };
    if (effectAt === Infinity) {
      history.push(called);
      continue;
    }
    const effect = workload.run(state, input, serial);
    const isAnswered = returnAt < Infinity;
    const isLost = effect.isWritten && isAnswered && untilLost === 0;
    if (effect.isWritten && isAnswered) untilLost -= 1;
    if (!isLost) ({ state } = effect);
    // Others write to the log as well.
    end += draw(3);
    const records = effect.isWritten ? 1 + draw(2) : 0;
    end += records;
    const output = isAnswered ? effect.output : null;
    history.push({ ...called, output, place: { endOffset: end, records } });
  }
  return history.toSorted((one, other) => one.callAt - other.callAt);
}

function drawPlans({ clients, operations, unansweredOneIn }: Shape, draw: Draw): readonly Plan[] {
  const now = Array.from({ length: clients }, () => 0);
  const lives = Array.from({ length: clients }, () => 0);
  return Array.from({ length: operations }, (_, index) => {
    const at = draw(clients);
    const client = `client-${at}.${lives[at]}`;
    const callAt = (now[at] ?? 0) + draw(STRETCH);
    const isAnswered = draw(unansweredOneIn) > 0;
    if (!isAnswered) {
      lives[at] = (lives[at] ?? 0) + 1;
      now[at] = callAt + 1;
      const effectAt = draw(2) === 0 ? Infinity : callAt + draw(LATE);
      return { client, serial: index + 1, callAt, effectAt, returnAt: Infinity };
    }
    const effectAt = callAt + draw(STRETCH);
    const returnAt = effectAt + draw(STRETCH);
    // A client waits for its answer, and for another moment: what it calls next is not concurrent.
    now[at] = returnAt + 1;
    return { client, serial: index + 1, callAt, effectAt, returnAt };
  });
}
