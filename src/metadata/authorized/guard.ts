/**
 * What stands before an operation whose request is not allowed or denied as a whole: it runs the operation on what is
 * allowed of the request, so that nothing of the rest reaches the operation's own rules, and answers for the rest.
 */
import type { Api, RequestOf, ResponseOf } from "../../protocol/index.ts";
import type { Demand } from "../access/demands.ts";
import type { ControlContext, ControlOperation, ControlResult } from "../control/operation.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import type { Judge } from "./judge.ts";

/** An operation, and what it is asked. */
export interface Call<A extends Api> {
  readonly operation: ControlOperation<A>;
  readonly view: MetadataImage;
  readonly request: RequestOf<A>;
  readonly context: ControlContext;
}

/** A demand of one kind. */
export type DemandOn<Kind extends Demand["on"]> = Extract<Demand, { readonly on: Kind }>;

export type Guard<A extends Api, Kind extends Demand["on"]> = (
  call: Call<A>,
  demand: DemandOn<Kind>,
  judge: Judge,
) => ControlResult<ResponseOf<A>>;

/** A list parted into what is denied and the rest, and how the answers to both become one list again. */
export interface Parted<Entry, Result> {
  readonly allowed: readonly Entry[];
  /** `answers`: one for each allowed entry. The result has one for every entry, in the order of the request. */
  readonly answered: (answers: readonly Result[]) => readonly Result[];
}

/** `denialOf` is asked once for each entry; null allows it. */
export function part<Entry, Result>(
  entries: readonly Entry[],
  denialOf: (entry: Entry) => Result | null,
): Parted<Entry, Result> {
  const denials = entries.map(denialOf);
  return {
    allowed: entries.filter((_, at) => denials[at] === null),
    answered: (answers) => {
      let next = 0;
      return denials.flatMap((denial) => denial ?? answers.slice(next, (next += 1)));
    },
  };
}
