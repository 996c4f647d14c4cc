/**
 * The judge of reads that may be stale: they owe no real time, but what they show was true once, all of it at the same
 * offset, and in a session no read shows an older log than one before it.
 */
import { inLogOrder, type Placed } from "./log-order.ts";
import type { Model } from "./model.ts";
import type { Operation } from "./operation.ts";

/** One answer of a replica, of whatever age. */
export interface StaleRead<Input, Output> {
  /** Who must not be shown an older log: reads of a session stand in the order in which they were answered. */
  readonly session: string;
  /** The log that it shows: everything below `endOffset`, whose last record is of `epoch`. */
  readonly endOffset: number;
  readonly epoch: number;
  readonly input: Input;
  readonly output: Output;
}

/** What is wrong, in a sentence, or undefined. `history` holds everything that wrote, with its places in the log. */
export function complaintAboutSessions<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  reads: readonly StaleRead<Input, Output>[],
): string | undefined {
  return complaintAboutOrder(reads) ?? complaintAboutContent(model, inLogOrder(history), reads);
}

/** In a session neither offset nor epoch falls. */
function complaintAboutOrder<Input, Output>(
  reads: readonly StaleRead<Input, Output>[],
): string | undefined {
  const sessions = new Map<string, StaleRead<Input, Output>>();
  for (const read of reads) {
    const before = sessions.get(read.session);
    sessions.set(read.session, read);
    if (before === undefined) continue;
    if (read.endOffset < before.endOffset || read.epoch < before.epoch)
      return `${described(read)} after a read of the log up to ${before.endOffset} of epoch ${before.epoch}`;
  }
  return undefined;
}

/** What a read shows is what the log below its end says. */
function complaintAboutContent<State, Input, Output>(
  model: Model<State, Input, Output>,
  writes: readonly Placed<Input, Output>[],
  reads: readonly StaleRead<Input, Output>[],
): string | undefined {
  const states = new Map<string, State>();
  let at = 0;
  for (const read of reads.toSorted((one, other) => one.endOffset - other.endOffset)) {
    for (; at < writes.length; at += 1) {
      const write = writes[at];
      if (write === undefined || write.place.endOffset > read.endOffset) break;
      const key = model.keyOf(write.input);
      const next = model.step(states.get(key) ?? model.init, write.input, write.output);
      if (next !== null) states.set(key, next);
    }
    const next = writes[at];
    if (next !== undefined && next.place.endOffset - next.place.records < read.endOffset)
      return `${described(read)} in the middle of ${JSON.stringify(next.input)}`;
    const state = states.get(model.keyOf(read.input)) ?? model.init;
    if (model.step(state, read.input, read.output) === null)
      return `${described(read)}, but the log below says ${model.fingerprint(state)}`;
  }
  return undefined;
}

function described<Input, Output>(read: StaleRead<Input, Output>): string {
  const { session, endOffset, epoch, input, output } = read;
  const shown = `${JSON.stringify(input)} -> ${JSON.stringify(output)}`;
  return `${session} was shown ${shown} of the log up to ${endOffset} of epoch ${epoch}`;
}
