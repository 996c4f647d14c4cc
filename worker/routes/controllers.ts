/**
 * `/controllers`: what each controller says of itself; `/frames`, one Kafka frame in and one out, which the gateway
 * calls; and the operations on one controller: `:restart`, a rehearsal of a failover, `:stop`, which takes it out of
 * the quorum, and `:start`, which lets it take part again, also after an invariant tripped.
 */
import { Hono } from "hono";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { positionIn, readRefusal } from "../../durable-objects/contract.ts";
import type { ControllerStatus } from "../../durable-objects/contract.ts";
import { callController, nodeIdsOf, reachController } from "../channel/controller-calls.ts";
import { statusOfAll } from "../channel/statuses.ts";
import { parseJson, readBytes, readText } from "../http/body.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { objectAt, textAt } from "../http/fields.ts";
import { resource, wholeList } from "../http/resources.ts";
import type { Resource } from "../http/resources.ts";

/** A controller as `/controllers` shows it. */
export interface ControllerData extends Resource {
  readonly cluster_id: string;
  readonly node_id: number;
  readonly directory_id: string;
  readonly host: string;
  readonly port: number;
  /** Absent when the controller did not answer; `unreachable` says why. */
  readonly status?: ControllerStatus;
  readonly unreachable?: string;
}

/** api key, api version, correlation id: what every request begins with. */
const FRAME_BYTES_MIN = 8;

export const controllers = new Hono<Scope>();

controllers.get("/", async (context) => {
  const statuses = await statusOfAll(context.env, context.var.entry);
  return context.json(
    wholeList(
      context,
      "KafkaControllerList",
      statuses.map(({ nodeId, status }) => controllerData(context, nodeId, status)),
    ),
  );
});

controllers.post("/:node_id/frames", async (context) => {
  const { entry } = context.var;
  const nodeId = nodeIdAt(entry, context.req.param("node_id"));
  const frame = await readBytes(context.req.raw, "application/octet-stream");
  if (frame.byteLength < FRAME_BYTES_MIN) {
    throw new Problem(
      "MALFORMED_FRAME",
      `a frame of ${frame.byteLength} bytes cannot hold a request header`,
    );
  }
  const { bearer } = context.var.asker;
  const call = { nodeId, route: "frames", body: frame, bearer } as const;
  const response = await reachController(context.env, entry, call);
  const position = positionIn(response.headers);
  if (position !== undefined) context.set("position", position);
  return response;
});

controllers.get("/:node_id{[0-9]+}", async (context) => {
  const { env, var: variables } = context;
  const nodeId = nodeIdAt(variables.entry, context.req.param("node_id"));
  const statuses = await statusOfAll(env, variables.entry);
  const own = statuses.find((each) => each.nodeId === nodeId);
  return context.json(controllerData(context, nodeId, own?.status ?? "unknown"));
});

controllers.post("/:action{[0-9]+:[a-z]+}", async (context) => {
  const { entry } = context.var;
  const [id = "", action] = context.req.param("action").split(":");
  const nodeId = nodeIdAt(entry, id);
  switch (action) {
    case "restart":
      await restart(context, nodeId);
      return context.json({ node_id: nodeId, restarted: true }, 202);
    case "stop":
      return await reachController(context.env, entry, { nodeId, route: action });
    case "start": {
      const body = JSON.stringify({ confirm: await confirmationIn(context) });
      return await reachController(context.env, entry, { nodeId, route: action, body });
    }
    default:
      throw new Problem(
        "UNKNOWN_PATH",
        `a controller can do ":restart", ":stop" and ":start", not ":${action}"`,
      );
  }
});

/** How long to wait for the object's reset. */
const RESTART_MS = 2_000;

/**
 * Returns once the object was reset. A long poll that the object holds breaks at that moment, which the object could
 * not announce itself. Calls made after this reach the new incarnation.
 */
async function restart(context: ScopedContext, nodeId: number): Promise<void> {
  const { env, var: variables } = context;
  const held = callController(env, variables.entry, {
    nodeId,
    route: "log",
    query: { from_offset: Number.MAX_SAFE_INTEGER, wait_ms: RESTART_MS },
  }).then(
    (response) => response.body?.cancel(),
    () => undefined,
  );
  try {
    const response = await callController(env, variables.entry, { nodeId, route: "restart" });
    if (!response.ok) {
      const reason = await readRefusal(response);
      throw new Problem("CONTROLLER_UNREACHABLE", `controller ${nodeId} refused: ${reason}`);
    }
    await response.body?.cancel();
  } catch (error) {
    if (!(error instanceof Error && "durableObjectReset" in error)) throw error;
  }
  await held;
}

function nodeIdAt(entry: ClusterEntry, text: string): number {
  const nodeId = nodeIdsOf(entry).find((each) => String(each) === text);
  if (nodeId === undefined) {
    throw new Problem(
      "UNKNOWN_CONTROLLER",
      `cluster ${entry.cluster_id} has no controller ${text.slice(0, 20)}; it has ${nodeIdsOf(entry).join(", ")}`,
    );
  }
  return nodeId;
}

function controllerData(
  context: ScopedContext,
  nodeId: number,
  status: ControllerStatus | string,
): ControllerData {
  const { entry } = context.var;
  const own = entry.initial_voters.find((controller) => controller.node_id === nodeId);
  return {
    ...resource(context, "KafkaController", ["clusters", entry.cluster_id, "controllers", nodeId]),
    cluster_id: entry.cluster_id,
    node_id: nodeId,
    directory_id: own?.directory_id ?? "",
    host: own?.host ?? "",
    port: own?.port ?? 0,
    ...(typeof status === "string" ? { unreachable: status } : { status }),
  };
}

/** What a tripped controller wants to be told, in the query or in the body; null when it is in neither. */
async function confirmationIn(context: ScopedContext): Promise<string | null> {
  const given = context.req.query("confirm");
  if (given !== undefined) return given;
  const text = await readText(context.req.raw);
  if (text.trim() === "") return null;
  const { confirm } = objectAt(parseJson(text), "", ["confirm"]);
  return confirm === undefined ? null : textAt(confirm, "confirm");
}
