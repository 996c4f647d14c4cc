/**
 * The cheap judge of a history whose operations know their place in the log: there is one order to try, that of the
 * log. It must be the order of real time too, wherever one operation had returned before another was called, and every
 * answer must follow from what stands before it. O(n log n), over all keys at once; complete, because the log has no
 * other order.
 */
import type { Model } from "./model.ts";
import { describeOperation, type LogPlace, type Operation } from "./operation.ts";

/** An operation of which it is known where in the log it took effect. */
export type Placed<Input, Output> = Operation<Input, Output> & { readonly place: LogPlace };

/**
 * What is wrong, in a sentence, or undefined. An operation whose outcome is not known takes part if it has a place;
 * without one it is not in the log, and so has no effect.
 */
export function complaintAboutOrder<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): string | undefined {
  const lost = history.find(({ output, place }) => output !== null && place === null);
  if (lost !== undefined) return `${describeOperation(lost)} has no place in the log`;
  const order = inLogOrder(history);
  return (
    complaintAboutTime(order) ?? complaintAboutPlaces(order) ?? complaintAboutAnswers(model, order)
  );
}

/** The operations that took effect, in the order of the log. One that wrote nothing stands after what it saw. */
export function inLogOrder<Input, Output>(
  history: readonly Operation<Input, Output>[],
): readonly Placed<Input, Output>[] {
  const placed = history.flatMap((operation) =>
    operation.place === null ? [] : [{ ...operation, place: operation.place }],
  );
  return placed.toSorted(
    (one, other) =>
      one.place.endOffset - other.place.endOffset ||
      Number(one.place.records === 0) - Number(other.place.records === 0) ||
      one.callAt - other.callAt,
  );
}

/** None may stand behind one that was called when it had returned. */
function complaintAboutTime<Input, Output>(
  order: readonly Placed<Input, Output>[],
): string | undefined {
  let [latest] = order;
  for (const operation of order) {
    if (latest === undefined || operation.callAt > latest.callAt) latest = operation;
    if (operation.returnAt < latest.callAt)
      return `${placed(operation)} had returned before ${placed(latest)} was called`;
  }
  return undefined;
}

/** No two can have written the same record, and none can have seen half of another. */
function complaintAboutPlaces<Input, Output>(
  order: readonly Placed<Input, Output>[],
): string | undefined {
  let before: Placed<Input, Output> | undefined;
  for (const operation of order) {
    const { endOffset, records } = operation.place;
    if (before !== undefined && endOffset - records < before.place.endOffset)
      return `${placed(operation)} begins before ${placed(before)} ends`;
    before = operation;
  }
  return undefined;
}

function complaintAboutAnswers<State, Input, Output>(
  model: Model<State, Input, Output>,
  order: readonly Placed<Input, Output>[],
): string | undefined {
  const states = new Map<string, State>();
  for (const operation of order) {
    const { input, output } = operation;
    const key = model.keyOf(input);
    const state = states.get(key) ?? model.init;
    const next = model.step(state, input, output);
    if (next === null)
      return `${placed(operation)}, but the log below says ${model.fingerprint(state)}`;
    states.set(key, next);
  }
  return undefined;
}

const placed = <Input, Output>(operation: Placed<Input, Output>): string =>
  `${describeOperation(operation)} (at ${operation.place.endOffset})`;
