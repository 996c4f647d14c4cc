/** One step of the harness: steps run in order, on one cluster that lives through all of them. */
import type { Cluster } from "./cluster.ts";

export interface Step {
  readonly title: string;
  /** Part of `--short`. */
  readonly short?: true;
  /** Nothing after it makes sense when it fails. */
  readonly vital?: true;
  /** Resolves with one line of what was measured; rejects when something does not hold. */
  run(cluster: Cluster): Promise<string>;
}

/** Rejects unless `holds`. */
export function expect(holds: boolean, what: string, evidence = ""): void {
  if (!holds) throw new Error(`does not hold: ${what}\n${evidence}`);
}
