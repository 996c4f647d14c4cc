/**
 * `/controllers`: what each controller says of itself; `/frames`, one Kafka frame in and one out, which the gateway
 * calls, or many over `/link`; and the operations on one controller: `:restart`, a rehearsal of a failover, `:stop`,
 * which takes it out of the quorum, and `:start`, which lets it take part again, also after an invariant tripped.
 */
import { Hono } from "hono";
import * as v from "valibot";
import { nodesOf, type ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { positionIn, readRefusal } from "../../durable-objects/contract.ts";
import type { ControllerStatus } from "../../durable-objects/contract.ts";
import { callController, reachController, reasonOf } from "../channel/controller-calls.ts";
import { NODE_WISH } from "../clusters/node-wish.ts";
import {
  addVoter,
  removeVoter,
  replaceVoter,
  type ChangeRequest,
  type Joining,
} from "../clusters/voters.ts";
import { statusOf, statusOfAll } from "../channel/statuses.ts";
import { readBytes } from "../http/body.ts";
import { bodyOrNothing } from "../http/body-fields.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { fieldsOf, integerParameter, text } from "../http/fields.ts";
import { resource, wholeList } from "../http/resources.ts";
import type { Resource } from "../http/resources.ts";
import { link, relay } from "./link.ts";
import { nodeAt, withJoining } from "./node-at.ts";

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

/** What a controller that tripped is to be told before it starts again. */
export const START = fieldsOf({ confirm: v.optional(text) });

export const controllers = new Hono<Scope>();

controllers.get("/", async (context) => {
  const entry = await withJoining(context);
  const statuses = await statusOfAll(context.env, entry);
  return context.json(
    wholeList(
      context,
      "KafkaControllerList",
      statuses.map(({ nodeId, status }) => controllerData(context, entry, nodeId, status)),
    ),
  );
});

/** A node more, which becomes a voter when it has caught up: 201 once it is one, 202 while it is on its way. */
controllers.post("/", async (context) => {
  const { env, var: variables } = context;
  const wish = await bodyOrNothing(context.req.raw, NODE_WISH);
  const joining = await addVoter(env, variables.entry, wish, changeOf(context));
  return joiningAnswer(context, joining);
});

controllers.delete("/:node_id{[0-9]+}", async (context) => {
  const { env, var: variables } = context;
  const nodeId = Number(context.req.param("node_id"));
  const unconfirmed = await removeVoter(env, variables.entry, nodeId, changeOf(context));
  return context.json({ node_id: nodeId, removed: true, unconfirmed });
});

controllers.route("/:node_id/link", link);
controllers.route("/:node_id/relay", relay);

controllers.post("/:node_id/frames", async (context) => {
  const { entry, nodeId } = await nodeAt(context, context.req.param("node_id"));
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
  const { entry, nodeId } = await nodeAt(context, context.req.param("node_id"));
  const status = await statusOf(context.env, entry, nodeId).catch(reasonOf);
  return context.json(controllerData(context, entry, nodeId, status));
});

controllers.post("/:action{[0-9]+:[a-z]+}", async (context) => {
  const [id = "", action] = context.req.param("action").split(":");
  if (action === "replace") return await replace(context, Number(id));
  const { entry, nodeId } = await nodeAt(context, id);
  switch (action) {
    case "restart":
      await restart(context, entry, nodeId);
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
        `a controller can do ":restart", ":stop", ":start" and ":replace", not ":${action}"`,
      );
  }
});

/** How long a change of the voters is waited for, in ms. */
const WAIT_MS = { min: 0, max: 60_000, default: 15_000 } as const;

function changeOf(context: ScopedContext): ChangeRequest {
  const waitMs = integerParameter(context.req.query("wait_ms"), "wait_ms", WAIT_MS);
  return { bearer: context.var.asker.bearer, waitMs: waitMs ?? WAIT_MS.default };
}

function joiningAnswer(context: ScopedContext, { node, isVoter, status }: Joining): Response {
  const { entry } = context.var;
  const { node_id: nodeId, directory_id, host, port } = node;
  const path = ["clusters", entry.cluster_id, "controllers", nodeId];
  const data: ControllerData = {
    ...resource(context, "KafkaController", path),
    cluster_id: entry.cluster_id,
    node_id: nodeId,
    directory_id,
    host,
    port,
    ...(status === null ? { unreachable: "it does not answer yet" } : { status }),
  };
  return context.json(data, isVoter ? 201 : 202, { Location: data.metadata.self });
}

/** How long to wait for the object's reset. */
const RESTART_MS = 2_000;

/**
 * Returns once the object was reset. A long poll that the object holds breaks at that moment, which the object could
 * not announce itself. Calls made after this reach the new incarnation.
 */
async function restart({ env }: ScopedContext, entry: ClusterEntry, nodeId: number): Promise<void> {
  const held = callController(env, entry, {
    nodeId,
    route: "log",
    query: { from_offset: Number.MAX_SAFE_INTEGER, wait_ms: RESTART_MS },
  }).then(
    (response) => response.body?.cancel(),
    () => undefined,
  );
  try {
    const response = await callController(env, entry, { nodeId, route: "restart" });
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

async function replace(context: ScopedContext, nodeId: number): Promise<Response> {
  const { env, var: variables } = context;
  const wish = await bodyOrNothing(context.req.raw, NODE_WISH);
  const replaced = { nodeId, wish };
  return joiningAnswer(
    context,
    await replaceVoter(env, variables.entry, replaced, changeOf(context)),
  );
}

function controllerData(
  context: ScopedContext,
  entry: ClusterEntry,
  nodeId: number,
  status: ControllerStatus | string,
): ControllerData {
  const own = nodesOf(entry).find((controller) => controller.node_id === nodeId);
  return {
    ...resource(context, "KafkaController", ["clusters", entry.cluster_id, "controllers", nodeId]),
    cluster_id: entry.cluster_id,
    node_id: nodeId,
    directory_id: storageOf(status) ?? own?.directory_id ?? "",
    host: own?.host ?? "",
    port: own?.port ?? 0,
    ...(typeof status === "string" ? { unreachable: status } : { status }),
  };
}

/** The storage that a controller says it has. Of a node that was added, nobody else remembers it. */
const storageOf = (status: ControllerStatus | string): string | undefined =>
  typeof status !== "string" && "directory_id" in status ? status.directory_id : undefined;

/** What a tripped controller wants to be told, in the query or in the body; null when it is in neither. */
async function confirmationIn(context: ScopedContext): Promise<string | null> {
  const given = context.req.query("confirm");
  if (given !== undefined) return given;
  const { confirm = null } = await bodyOrNothing(context.req.raw, START);
  return confirm;
}
