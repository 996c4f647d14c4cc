/**
 * What a handler finds in its context: the platform's bindings and, under `/clusters/{id}`, the cluster that the
 * path names.
 */
import type { Context } from "hono";
import type { ClusterEntry } from "../durable-objects/cluster-entry.ts";
import type { Env } from "../durable-objects/env.ts";

export interface Scope {
  readonly Bindings: Env;
  readonly Variables: { readonly entry: ClusterEntry };
}

export type ScopedContext = Context<Scope>;
