/** Whether a deployment lives, and whether its clusters can commit. */
import { RefusedError } from "./refused-error.ts";
import type { Caller } from "./caller.ts";
import type { Asking } from "./cluster-calls.ts";
import type { Readiness } from "./clusters.ts";

export interface DeploymentReadiness {
  readonly ready: boolean;
  /** Clusters beyond the first hundred. */
  readonly not_asked: number;
  readonly clusters: readonly Readiness[];
}

export interface Health {
  /** Needs no token. */
  live(asking?: Asking): Promise<boolean>;
  /** Of every cluster that the token is for, or of one. Not to be ready is an answer, not an error. */
  ready(clusterId?: string, asking?: Asking): Promise<DeploymentReadiness>;
}

export const healthOf = ({ json }: Caller): Health => ({
  live: async (asking) =>
    (await json<{ readonly live: boolean }>({ ...asking, path: "/health/live" })).body.live,
  ready: async (clusterId, asking) => {
    const parameters = { cluster_id: clusterId };
    try {
      // What is repeated until it holds is the caller's affair.
      const call = { ...asking, path: "/health/ready", parameters, repeatable: false };
      return (await json<DeploymentReadiness>(call)).body;
    } catch (error) {
      const found = error instanceof RefusedError ? unready(error.refusal) : undefined;
      if (found === undefined) throw error;
      return found;
    }
  },
});

const unready = (body: object): DeploymentReadiness | undefined =>
  isReadiness(body) ? body : undefined;

const isReadiness = (body: object): body is DeploymentReadiness => "clusters" in body;
