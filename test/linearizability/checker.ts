/**
 * Whether a history is linearizable: whether its operations can be put in one order that the model allows, in which
 * none comes before one that had returned when it was called. The search is Wing and Gong's, one operation after the
 * other; what has led nowhere is not tried again, as Lowe has added; each key is searched by itself.
 *
 * An operation whose outcome is not known is optional. Of two ways to the same state the one that has used fewer of
 * those can do all that the other can, so the other is not followed: that keeps many of them from costing a power of
 * two.
 */
import type { Model } from "./model.ts";
import { describeOperation, type Operation } from "./operation.ts";
import { Search, type Found } from "./search.ts";

export type Verdict =
  | { readonly kind: "linearizable" }
  | {
      readonly kind: "not-linearizable";
      readonly key: string;
      /** What no order explains, and how far the longest one comes, for people. */
      readonly sentence: string;
    }
  /** Nothing was shown, neither way: never to be counted as a pass. */
  | { readonly kind: "too-long"; readonly key: string; readonly sentence: string };

/** As many tries of an operation in a state, for one key. Each costs some microseconds, and at most 300 bytes. */
export const STEPS_MAX = 2_000_000;
/** The end of the longest order that a sentence shows. */
const SHOWN_MAX = 6;

/** Judges a history. The first key that is not linearizable, or else the first that took too long, is reported. */
export function checkLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  stepsMax = STEPS_MAX,
): Verdict {
  let tooLong: Verdict | undefined;
  for (const [key, operations] of byKey(model, history)) {
    const found = new Search(model, operations, stepsMax).run();
    if (found.kind === "no-order") return notLinearizable({ model, operations, stepsMax }, key);
    if (found.kind === "too-long")
      tooLong ??= {
        kind: "too-long",
        key,
        sentence: `${stepsMax} steps say nothing of the ${operations.length} operations on ${key}`,
      };
  }
  return tooLong ?? { kind: "linearizable" };
}

/** The operations on each key, in the order of their calls. */
export function byKey<State, Input, Output>(
  { keyOf }: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): ReadonlyMap<string, readonly Operation<Input, Output>[]> {
  const keys = new Map<string, Operation<Input, Output>[]>();
  for (const operation of history) {
    const key = keyOf(operation.input);
    const known = keys.get(key);
    if (known === undefined) keys.set(key, [operation]);
    else known.push(operation);
  }
  for (const operations of keys.values())
    operations.sort((one, other) => one.callAt - other.callAt);
  return keys;
}

/** A history of one key that has no order. */
interface Bad<State, Input, Output> {
  readonly model: Model<State, Input, Output>;
  readonly operations: readonly Operation<Input, Output>[];
  readonly stepsMax: number;
}

/** Looks for the first moment at which the history was already wrong: every prefix of a good one is good. */
function notLinearizable<State, Input, Output>(
  bad: Bad<State, Input, Output>,
  key: string,
): Verdict {
  const { model, operations, stepsMax } = bad;
  const returns = operations
    .map(({ returnAt }) => returnAt)
    .filter(Number.isFinite)
    .toSorted((one, other) => one - other);
  let low = 0;
  let high = returns.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    const prefix = upTo(operations, returns[middle] ?? 0);
    if (new Search(model, prefix, stepsMax).run().kind === "no-order") high = middle;
    else low = middle + 1;
  }
  const until = returns[high] ?? 0;
  const found = new Search(model, upTo(operations, until), stepsMax).run();
  const last = operations.filter(({ returnAt }) => returnAt === until).map(describeOperation);
  const sentence = [
    `no order of the operations on ${key} explains the first ${high + 1} answers,`,
    `the last of which is [${last.join("; ")}];`,
    found.kind === "no-order" ? longest(found) : "",
  ];
  return { kind: "not-linearizable", key, sentence: sentence.join(" ") };
}

/** What was known at `moment`: of operations that had not returned, nothing. */
const upTo = <Input, Output>(
  operations: readonly Operation<Input, Output>[],
  moment: number,
): readonly Operation<Input, Output>[] =>
  operations
    .filter(({ callAt }) => callAt <= moment)
    .map((operation) =>
      operation.returnAt <= moment
        ? operation
        : { ...operation, returnAt: Number.POSITIVE_INFINITY, output: null },
    );

function longest({ order, state, left }: Extract<Found, { kind: "no-order" }>): string {
  const shown = order.slice(-SHOWN_MAX).map(describeOperation);
  const before = order.length > shown.length ? `${order.length - shown.length} more, ` : "";
  const rest = left.slice(0, SHOWN_MAX).map(describeOperation);
  return `the longest order is [${before}${shown.join(", ")}], the state then ${state}, in which none of [${rest.join("; ")}] fits`;
}
