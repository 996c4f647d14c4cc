/** Ways to spoil a history. Not every spoiled one is wrong: where operations overlap, there may be another order. */
import type { Operation } from "./operation.ts";
import type { Draw } from "./workloads.ts";

export const DAMAGES = ["answers swapped", "answer of before", "moved before another"] as const;

export type Damage = (typeof DAMAGES)[number];

/** The history with that damage in one place, or null where there is no place for it. */
export function damaged<Input extends { readonly kind: string }, Output>(
  history: readonly Operation<Input, Output>[],
  damage: Damage,
  { keyOf, draw }: { readonly keyOf: (input: Input) => string; readonly draw: Draw },
): readonly Operation<Input, Output>[] | null {
  const pairs = history.flatMap((earlier, from) =>
    history.slice(from + 1).flatMap((later) => {
      const isPair =
        earlier.output !== null &&
        later.output !== null &&
        keyOf(earlier.input) === keyOf(later.input) &&
        earlier.returnAt < later.callAt;
      const isAlike =
        earlier.input.kind === later.input.kind && !sameText(earlier.output, later.output);
      const isMove = damage === "moved before another";
      return isPair && (isMove || isAlike) ? [[earlier, later] as const] : [];
    }),
  );
  const pair = pairs[draw(Math.max(1, pairs.length))];
  if (pair === undefined) return null;
  const [earlier, later] = pair;
  const spoiled = spoil(earlier, later, damage);
  return history
    .map((operation) => spoiled.get(operation) ?? operation)
    .toSorted((one, other) => one.callAt - other.callAt);
}

const sameText = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

function spoil<Input, Output>(
  earlier: Operation<Input, Output>,
  later: Operation<Input, Output>,
  damage: Damage,
): ReadonlyMap<Operation<Input, Output>, Operation<Input, Output>> {
  switch (damage) {
    case "answers swapped":
      return new Map([
        [earlier, { ...earlier, output: later.output }],
        [later, { ...later, output: earlier.output }],
      ]);
    case "answer of before":
      return new Map([[later, { ...later, output: earlier.output }]]);
    case "moved before another": {
      const returnAt = earlier.callAt - 1;
      return new Map([[later, { ...later, callAt: returnAt - 1, returnAt }]]);
    }
  }
}
