/**
 * A gateway that finds the controllers of its cluster and follows them: what a process or a quorum of this machine
 * runs.
 */
import { findControllers } from "./edge/find-controllers.ts";
import { startGateway, type Gateway, type GatewayOptions } from "./gateway.ts";
import { remarkOn, type Places } from "./places.ts";
import { firstVoters } from "./voter-changes.ts";
import { VoterWatch } from "./voter-watch.ts";

export interface ClusterGatewayOptions extends Omit<GatewayOptions, "controllers"> {
  readonly places: Places;
  /** Told why it cannot begin yet, whenever that is another reason. */
  readonly waits?: (reason: string) => void;
  /** Told the controllers, at the beginning and whenever they are others. */
  readonly serves?: (nodeIds: readonly number[]) => void;
  /** How often it asks who the controllers are while clients are served and nothing else tells of them, in ms. */
  readonly everyMs?: number;
  /** How old what it knows of them may become where the log tells of changes, in ms. */
  readonly maxAgeMs?: number;
}

/** Twice within a broker's session, 9 s. A small part of what a broker asks meanwhile. */
const EVERY_MS = 4_000;
/** While no client is served: a question is a request to each controller, and these are 0.65 cents a month. */
const IDLE_MS = 300_000;
export const MAX_AGE_MS = 3_600_000;

/**
 * Resolves when every controller has its port. Rejects when a port cannot be opened, or when waiting for the edge
 * cannot help: it knows no such cluster.
 */
export async function startClusterGateway(options: ClusterGatewayOptions): Promise<Gateway> {
  const { tunnel, metrics, places, everyMs = EVERY_MS, maxAgeMs = MAX_AGE_MS } = options;
  const { waits = nothing, serves = nothing, log = nothing } = options;
  const controllers = firstVoters(await findControllers(tunnel, waits));
  const gateway = await startGateway({
    ...options,
    controllers: controllers.map((each) => ({ nodeId: each.nodeId, ...places.of(each) })),
  });
  for (const each of controllers) {
    const remark = remarkOn(places.of(each), each);
    if (remark !== null)
      log(remark, { level: "warn", event: "port-elsewhere", nodeId: each.nodeId });
  }
  serves(controllers.map(({ nodeId }) => nodeId));
  const parts = {
    tunnel,
    gateway,
    metrics,
    places,
    log,
    serves,
    pauses: { everyMs, idleMs: IDLE_MS, maxAgeMs },
  };
  const watch = new VoterWatch(parts, controllers);
  return followed(gateway, watch);
}

/** The gateway, with a `stop` that ends the watch too. */
function followed(gateway: Gateway, watch: VoterWatch): Gateway {
  return {
    ...gateway,
    get bootstrapServers() {
      return gateway.bootstrapServers;
    },
    stop: async () => {
      watch.stop();
      await gateway.stop();
    },
  };
}

const nothing = (): void => undefined;
