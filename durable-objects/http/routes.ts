/**
 * What a controller node answers over HTTP, route by route as `contract.ts` lists them. Callers are the Worker and
 * the other controllers, never the public: authentication, JSON forms of Kafka's messages and the shapes of the
 * public interface are the Worker's.
 */
import { ErrorCode } from "../../src/protocol/index.ts";
import { UNLOCKED, bearerIn } from "../bearer.ts";
import { answerFrame } from "../listener/listener.ts";
import { undeletableUntil } from "../cluster-deletion.ts";
import {
  HEADERS,
  STATUS,
  isJoinRequest,
  isStartRequest,
  notControllerHeader,
  refusal,
  routeOf,
  type ControllerStatus,
  type ErrorBody,
  type FormRequest,
  type PrepareAnswer,
  type RouteName,
} from "../contract.ts";
import type { ControllerHost } from "./host.ts";
import {
  changeSettings,
  deleteNode,
  undeleteNode,
  wipeNode,
  writeAccess,
} from "./directory-words.ts";
import { jsonIn } from "./json-body.ts";
import { readFeed } from "./log-feed.ts";
import { readIndex } from "./read-index.ts";
import { endSeed, seed } from "./seeds.ts";
import { listSnapshots, readSnapshotRange } from "./snapshots.ts";
import { entryNow } from "./entry.ts";
import { HungUp } from "../hung-up.ts";
import { controllerStatus } from "./status.ts";

export async function answer(host: ControllerHost, request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  const route = routeOf(request.method, pathname);
  if (host.deletion !== null && isRefusedOfDeleted(route)) return takesNoPart(host);
  switch (route) {
    case undefined:
      return refusal(404, `nothing is at ${request.method} ${pathname}`);
    case "prepare":
      return prepare(host);
    case "form":
      return form(host, await request.json<FormRequest>());
    case "join":
      return join(host, await request.text());
    case "status":
      return statusAnswer(host);
    case "stop":
      await host.stop("an operator stopped it");
      return statusAnswer(host);
    case "start":
      return start(host, confirmIn(await request.text()));
    case "restart":
      host.restart("an operator asked for a restart");
      return Response.json({ restarting: true }, { status: 202 });
    case "entry":
      return host.cluster === null
        ? takesNoPart(host)
        : Response.json(entryNow(host.cluster, host));
    case "delete":
      return deleteNode(host, await request.text());
    case "undelete":
      return undeleteNode(host, await request.text());
    case "access":
      return writeAccess(host, await request.text());
    case "settings":
      return changeSettings(host, await request.text());
    case "wipe":
      return wipeNode(host, searchParams);
    case "seed":
      return seed(host, { request, searchParams });
    case "endSeed":
      return endSeed(host, await request.text());
    case "link":
      return host.voter === null ? takesNoPart(host) : host.openLink(request.headers);
    case "relay":
      return relay(host, request.headers);
    case "frames":
    case "peerFrames":
    case "log":
    case "readIndex":
    case "snapshots":
    case "snapshot":
      return answerUntilHungUp(host, route, { request, searchParams });
  }
}

function relay(host: ControllerHost, headers: Headers): Response {
  if (host.voter === null) return takesNoPart(host);
  if (host.cluster?.observed === true) return host.openRelay(headers);
  return refusal(STATUS.conflict, "this cluster is no observed one: its controllers need no relay");
}

/** A node of a deleted cluster says what it is, and hears what becomes of the cluster; nothing else. */
const HEARD_OF_DELETED: readonly RouteName[] = [
  "status",
  "delete",
  "undelete",
  "access",
  "settings",
  "wipe",
];

const isRefusedOfDeleted = (route: RouteName | undefined): boolean =>
  route === undefined || !HEARD_OF_DELETED.includes(route);

/** What a node that takes part answers. */
type VoterRoute = Extract<
  RouteName,
  "frames" | "peerFrames" | "log" | "readIndex" | "snapshots" | "snapshot"
>;

interface Arrival {
  readonly request: Request;
  readonly searchParams: URLSearchParams;
}

/** A caller that hangs up gives back its place, and gets an answer that is read by nobody. */
async function answerUntilHungUp(
  host: ControllerHost,
  route: VoterRoute,
  arrival: Arrival,
): Promise<Response> {
  try {
    return await answerAsVoter(host, route, arrival);
  } catch (error) {
    // One that is gone before its request is read breaks off the reading.
    if (error instanceof HungUp || arrival.request.signal.aborted)
      return new Response(null, { status: 499 });
    throw error;
  }
}

async function answerAsVoter(
  host: ControllerHost,
  route: VoterRoute,
  { request, searchParams }: Arrival,
): Promise<Response> {
  const { voter, cluster } = host;
  if (voter === null || cluster === null) return takesNoPart(host);
  const { signal } = request;
  if (route === "log") return readFeed(voter, searchParams, signal);
  if (route === "readIndex") return readIndex(voter, signal);
  if (route === "snapshots") return listSnapshots(voter);
  if (route === "snapshot") return readSnapshotRange(voter, searchParams);
  const origin = route === "peerFrames" ? "peer" : "client";
  const bearer = origin === "peer" ? UNLOCKED : bearerIn(request.headers);
  if (bearer === null) return refusal(403, "who asks is not said in the terms of this build");
  const frame = new Uint8Array(await request.arrayBuffer());
  return answerFrame({ voter, cluster }, frame, { origin, signal, bearer });
}

function statusAnswer(host: ControllerHost): Response {
  const status: ControllerStatus = controllerStatus(host);
  return Response.json(status);
}

function prepare(host: ControllerHost): Response {
  const directoryId = host.prepare();
  if (directoryId === null)
    return refusal(STATUS.conflict, `controller ${host.nodeId} ${absence(host)}`);
  const answered: PrepareAnswer = { directory_id: directoryId };
  return Response.json(answered);
}

function form(host: ControllerHost, request: FormRequest): Response {
  const { cluster } = request;
  if (host.cluster !== null && host.cluster.cluster_id !== cluster.cluster_id)
    return refusal(STATUS.conflict, `this node belongs to ${host.cluster.cluster_id}`);
  const reason = host.form(request);
  return reason === null ? Response.json({ formed: true }) : refusal(STATUS.conflict, reason);
}

function join(host: ControllerHost, text: string): Response {
  const request = jsonIn(text);
  if (!isJoinRequest(request)) return refusal(400, "the body does not say what is to be joined");
  if (host.cluster !== null && host.cluster.created_ms !== request.cluster.created_ms)
    return refusal(STATUS.conflict, `this node belongs to ${host.cluster.cluster_id}`);
  const reason = host.join(request);
  return reason === null ? Response.json({ joining: true }) : refusal(STATUS.conflict, reason);
}

function start(host: ControllerHost, confirm: string | null): Response {
  if (host.start(confirm)) return statusAnswer(host);
  return refusal(
    STATUS.conflict,
    `controller ${host.nodeId} has tripped; to start it all the same, confirm with {"confirm": ${JSON.stringify(host.tripped)}}`,
  );
}

/** The confirmation in a `StartRequest`; null in a body that has none. */
function confirmIn(text: string): string | null {
  const body = jsonIn(text);
  return isStartRequest(body) ? body.confirm : null;
}

function takesNoPart(host: ControllerHost): Response {
  const message = `controller ${host.nodeId} ${absence(host)}`;
  const body: ErrorBody = { error_code: ErrorCode.NOT_CONTROLLER, message };
  const headers = new Headers(notControllerHeader(-1));
  if (host.deletion !== null)
    headers.set(HEADERS.undeleteUntil, String(host.deletion.undelete_until_ms));
  return Response.json(body, { status: STATUS.noPart, headers });
}

function absence({ tripped, stopped, deletion, refused }: ControllerHost): string {
  if (refused !== null) return `does not run: ${refused}`;
  if (deletion !== null)
    return `was deleted with its cluster; ${undeletableUntil(deletion.undelete_until_ms)}`;
  if (tripped !== null) return `has stopped itself: ${tripped}`;
  return stopped === null ? "is not part of a cluster yet" : `is stopped: ${stopped}`;
}
