/**
 * State machine safety: two replicas that have applied the log up to the same offset have equal images.
 * Images are compared by digest; an offset is remembered for the whole history.
 */
import type { Checker } from "./checker.ts";

export function imagesAgree(): Checker {
  const digests = new Map<number, { readonly replica: string; readonly digest: number }>();
  return {
    name: "images-agree",
    judge(observation) {
      if (observation.kind !== "applied") return undefined;
      const { replica, endOffset, digest } = observation;
      const before = digests.get(endOffset);
      if (before === undefined) {
        digests.set(endOffset, { replica, digest });
        return undefined;
      }
      return before.digest === digest
        ? undefined
        : `replicas ${before.replica} and ${replica} applied the log up to ${endOffset} and differ`;
    },
  };
}
