/**
 * What the directory says is revoked, for requests that are about no cluster or need the directory anyway. An isolate
 * believes it for ten seconds; where the directory does not answer then, such a request is refused. What is about one
 * cluster goes by its entry (`known-clusters.ts`), which its own controllers know.
 */
import { ANY_CLUSTER, type Revocations } from "../../src/access/index.ts";
import type { Bindings } from "../env.ts";
import { Recent } from "../recent.ts";
import { lookIntoDirectory } from "./directory.ts";

const FRESH_MS = 10_000;
const SCOPES_MAX = 1_000;

interface Kept {
  readonly revocations: Revocations;
  readonly askedMs: number;
}

const kept = new Recent<Kept>(SCOPES_MAX);

/** What is revoked in a cluster, or with `*` in the deployment alone. */
export async function revocationsIn(env: Bindings, scope: string): Promise<Revocations> {
  const askedMs = Date.now();
  const known = kept.get(scope);
  if (known !== undefined && askedMs - known.askedMs < FRESH_MS) return known.revocations;
  const revocations = await lookIntoDirectory(env, (directory) => directory.revocations(scope));
  kept.set(scope, { revocations, askedMs });
  return revocations;
}

/** What this isolate knows of a scope is no longer so; what is revoked with `*` is revoked in every cluster. */
export function forgetRevocations(scope: string): void {
  const scopes = scope === ANY_CLUSTER ? kept.entries().map(([known]) => known) : [scope];
  for (const each of scopes) kept.delete(each);
}
