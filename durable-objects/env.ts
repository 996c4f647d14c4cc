/**
 * What the platform binds to this Worker, as `wrangler.toml` declares it. Capabilities are handed on from here
 * one by one; nothing below the entry points takes the whole environment.
 */
import type { ClusterDirectory } from "./cluster-directory.ts";
import type { ControllerNode } from "./controller-node.ts";

interface Bindings {
  /** One object per voter, named `<clusterId>/<nodeId>`. */
  readonly CONTROLLERS: DurableObjectNamespace<ControllerNode>;
  /** One object, named `directory`. */
  readonly DIRECTORY: DurableObjectNamespace<ClusterDirectory>;
  /** Kafka's `delegation.token.secret.key`; without it, or with an empty one, nobody is given a delegation token. */
  readonly DELEGATION_TOKEN_SECRET_KEY?: string | null;
}

declare global {
  // The platform's own types leave this interface open for the bindings of a Worker.
  namespace Cloudflare {
    interface Env extends Bindings {}
  }
}

export type Env = Cloudflare.Env;
