/**
 * What a controller node answers over HTTP. Callers are the Worker and the other controllers, never the public:
 * authentication and the shapes of the public interface are the Worker's.
 *
 * | route | does |
 * |---|---|
 * | `POST /form` | `{cluster}`: makes the node a voter; repeatable |
 * | `POST /frames` | one Kafka request frame in, one response frame out |
 * | `POST /peer-frames` | the same from another controller; the Worker never calls it |
 * | `POST /rpc/{Api}?version=` | the same in Kafka's JSON form |
 * | `GET /log?from_offset=&max_bytes=&wait_ms=` | committed batches as stored |
 * | `GET /quorum`, `GET /status` | where the node and the quorum stand |
 * | `POST /restart`, `POST /stop`, `POST /start`, `DELETE /` | for operators |
 */
import type { ClusterEntry } from "../cluster-entry.ts";
import { readFeed } from "./log-feed.ts";
import { answerFrame, answerJson, notController } from "../listener/listener.ts";
import { quorumStatus, voterStatus } from "./status.ts";
import type { Controller } from "../controller.ts";

/** The node behind the routes. */
export interface ControllerHost {
  /** Null until the node is formed, and while it is stopped or an invariant is tripped. */
  readonly voter: Controller | null;
  readonly cluster: ClusterEntry | null;
  readonly nodeId: number;
  /** The invariant that does not hold, or null. */
  readonly tripped: string | null;
  /** Why an operator took the node out, or null. */
  readonly stopped: string | null;
  form(cluster: ClusterEntry): void;
  restart(reason: string): void;
  stop(reason: string): void;
  start(): void;
  wipe(): Promise<void>;
}

export async function answer(host: ControllerHost, request: Request): Promise<Response> {
  const url = new URL(request.url);
  const route = `${request.method} /${url.pathname.split("/")[1] ?? ""}`;
  switch (route) {
    case "POST /form":
      return form(host, await request.json<{ readonly cluster: ClusterEntry }>());
    case "GET /status":
      return Response.json(voterStatus(host));
    case "POST /stop":
      host.stop("an operator stopped it");
      return Response.json(voterStatus(host));
    case "POST /start":
      host.start();
      return Response.json(voterStatus(host));
    case "POST /restart":
      host.restart("an operator asked for a restart");
      return Response.json({ restarting: true }, { status: 202 });
    case "DELETE /":
      await host.wipe();
      return Response.json({ deleted: true });
    default:
      return answerAsVoter(host, request, { route, url });
  }
}

async function answerAsVoter(
  host: ControllerHost,
  request: Request,
  at: { readonly route: string; readonly url: URL },
): Promise<Response> {
  const { voter, cluster } = host;
  if (voter === null || cluster === null) return unavailable(host);
  switch (at.route) {
    case "POST /frames":
    case "POST /peer-frames": {
      const origin = at.route === "POST /peer-frames" ? "peer" : "client";
      return answerFrame({ voter, cluster }, new Uint8Array(await request.arrayBuffer()), origin);
    }
    case "POST /rpc":
      return answerJson(
        { voter, cluster },
        {
          api: at.url.pathname.split("/")[2] ?? "",
          version: at.url.searchParams.get("version"),
          text: await request.text(),
        },
      );
    case "GET /log":
      return readFeed(voter, at.url.searchParams);
    case "GET /quorum":
      return Response.json(quorumStatus(host, voter));
    default:
      return Response.json({ error_code: 404, message: `no ${at.route} here` }, { status: 404 });
  }
}

function form(host: ControllerHost, body: { readonly cluster: ClusterEntry }): Response {
  const { cluster } = body;
  if (host.cluster !== null && host.cluster.cluster_id !== cluster.cluster_id) {
    return Response.json(
      { error_code: 409, message: `this node belongs to ${host.cluster.cluster_id}` },
      { status: 409 },
    );
  }
  host.form(cluster);
  const own = host.cluster?.initial_voters.find((voter) => voter.node_id === host.nodeId);
  return Response.json({ directory_id: own?.directory_id ?? null });
}

function unavailable(host: ControllerHost): Response {
  return notController(`controller ${host.nodeId} ${absence(host)}`, {
    leaderId: -1,
    leaderEpoch: -1,
  });
}

function absence({ tripped, stopped }: ControllerHost): string {
  if (tripped !== null) return `has stopped itself: ${tripped}`;
  return stopped === null ? "is not part of a cluster yet" : `is stopped: ${stopped}`;
}
