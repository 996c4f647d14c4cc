/**
 * The gateway's side of the edge: a link to each controller, and one HTTP request for each frame while there is none. A
 * frame that gets no answer is not sent again, since it may have been executed; the client decides. What failed lately
 * is left alone for a while, and its clients are refused at once instead of hanging.
 */
import { textOf, type Log } from "../log.ts";
import type { GatewayMetrics } from "../metrics.ts";
import { controllersIn, type Controller } from "./controller-list.ts";
import { NO_CREDENTIALS, type EdgeCredentials } from "./credentials.ts";
import { EdgeClient, NoAnswerError, type EdgeAnswer, type EdgeRequest } from "./edge-client.ts";
import { ANYBODY, identityHeaders, type Identity } from "./identity.ts";
import { LinkedStream, type FrameStream } from "./link/frame-stream.ts";
import type { LinkWatch } from "./link/link-watch.ts";
import { Links } from "./link/links.ts";
import { Outages, type Failure, type Route } from "./outages.ts";
import { failureIn, sentenceOf, TOO_MANY } from "./refusal.ts";

/** Four times the longest frame that a client may send. */
const ANSWER_BYTES_MAX = 32 * 1_048_576;

/** A frame was not served. `failure` says whom it concerns; null when it was this frame alone. */
export class EdgeError extends Error {
  override readonly name = "EdgeError";
  readonly failure: Failure | null;

  constructor(sentence: string, failure: Failure | null) {
    super(sentence);
    this.failure = failure;
  }

  /** The edge does not take who asks. */
  get isRefusal(): boolean {
    const { scope, status } = this.failure ?? {};
    return (scope === "credential" || scope === "principal") && status !== TOO_MANY;
  }
}

export interface TunnelOptions {
  readonly edge: string;
  readonly clusterId: string;
  readonly metrics: GatewayMetrics;
  readonly credentials?: EdgeCredentials;
  /** Where the variables of a proxy are looked for; no proxy when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly answerBytesMax?: number;
  /** How frames travel: over links where the edge allows it, unless said, or each by an HTTP request. */
  readonly transport?: Transport;
  readonly log?: Log;
  /** By which pauses are measured, in ms: one that never goes back. */
  readonly clock?: () => number;
}

export type Transport = "link" | "http";

/** A controller that takes no part or is none, as the edge says; or one that leads, as another controller says. */
export interface Hint {
  readonly kind: "stray" | "leader";
  readonly nodeId: number;
}

/** The edge knows no such controller, or that one takes no part. */
const STRAY = new Set([404, 421]);

export class Tunnel {
  readonly clusterId: string;
  readonly #cluster: string;
  readonly #client: EdgeClient;
  readonly #metrics: GatewayMetrics;
  readonly #outages = new Outages();
  /** Null where all frames go by HTTP. */
  readonly #links: Links | null;
  readonly #clock: () => number;
  #lastServed = Number.NEGATIVE_INFINITY;
  #whenHinted: (hint: Hint) => void = () => undefined;

  /** Throws a sentence when what it is told cannot work. */
  constructor(options: TunnelOptions) {
    const { edge, env, answerBytesMax = ANSWER_BYTES_MAX } = options;
    this.#cluster = `/kafka/v3/clusters/${options.clusterId}`;
    this.clusterId = options.clusterId;
    this.#metrics = options.metrics;
    this.#client = new EdgeClient({
      edge,
      credentials: options.credentials ?? NO_CREDENTIALS,
      ...(env === undefined ? {} : { env }),
      answerBytesMax,
    });
    this.#clock = options.clock ?? ((): number => performance.now());
    const { clusterId, metrics, log = (): void => undefined } = options;
    this.#links =
      options.transport === "http"
        ? null
        : new Links({ client: this.#client, clusterId, metrics, log, clock: this.#clock });
  }

  /** What an operator should know although brokers are served: a sentence each. */
  get notices(): readonly string[] {
    return this.#links?.refusals ?? [];
  }

  /** How long each open link to a controller has lasted, in ms; null where all frames go by HTTP. */
  linksOpenFor(nodeId: number): readonly number[] | null {
    return this.#links?.openFor(nodeId) ?? null;
  }

  /** False while the edge has just been found unreachable. */
  get isOpen(): boolean {
    return this.#outages.isOpen(this.#clock());
  }

  /** How long ago a frame in the gateway's own name was served last. */
  get servedAgoMs(): number {
    return performance.now() - this.#lastServed;
  }

  get hasToken(): boolean {
    return this.#client.credentials.token !== null;
  }

  /** Shows other credentials from now on, and tries at once whatever was left alone for the old ones. */
  renew(credentials: EdgeCredentials): void {
    this.#client.renew(credentials);
    this.#outages.clear();
    this.#links?.renew();
  }

  close(): void {
    this.#links?.close();
    this.#client.close();
  }

  /** Calls `act` with what the answer to a frame says of the controllers. */
  onHint(act: (hint: Hint) => void): void {
    this.#whenHinted = act;
  }

  /** Tells what becomes of links; false where there are none. */
  watchLinks(watch: LinkWatch): boolean {
    this.#links?.tell(watch);
    return this.#links !== null;
  }

  /** Ends every link, with what has not left yet. */
  dropLinks(reason: string): void {
    this.#links?.drop(reason);
  }

  /** The frames of one client, to one controller; null where each goes by HTTP. */
  linkedStream(nodeId: number, identity: Identity): LinkedStream | null {
    if (this.#links === null) return null;
    return new LinkedStream({
      links: this.#links,
      nodeId,
      identity,
      byHttp: (frame, signal) => this.send(nodeId, frame, identity, signal),
      byLink: (request) => this.#overLink({ nodeId, identity }, request),
    });
  }

  /** The frames of one client, to one controller. */
  stream(nodeId: number, identity: Identity): FrameStream {
    return (
      this.linkedStream(nodeId, identity) ?? {
        send: (frame, signal) => this.send(nodeId, frame, identity, signal),
        end: () => undefined,
      }
    );
  }

  /** What fails on a link concerns that frame alone: whether a next one would be served is for HTTP to say. */
  async #overLink(route: Route, request: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const answer = await request().catch((error: unknown) => {
      throw new EdgeError(textOf(error), null);
    });
    this.#outages.served(route);
    this.#metrics.framesLinked += 1;
    if (route.identity.by === "gateway") this.#lastServed = performance.now();
    return answer;
  }

  /** Sends one frame to a controller by HTTP; resolves with the response frame. */
  async send(
    nodeId: number,
    frame: Uint8Array,
    identity: Identity,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const route = { nodeId, identity };
    const path = `${this.#cluster}/controllers/${nodeId}/frames`;
    const headers = { "content-type": "application/octet-stream" };
    const body = await this.#ask(route, { method: "POST", path, headers, body: frame, signal });
    if (identity.by === "gateway") this.#lastServed = performance.now();
    return body;
  }

  /**
   * The controllers of the cluster, by rising id: its voters, and nodes that vote not yet or no more. Rejects with
   * another `Error` when that is no edge of ours.
   */
  async controllers(signal: AbortSignal): Promise<readonly Controller[]> {
    const route = { nodeId: null, identity: ANYBODY };
    const path = `${this.#cluster}/controllers`;
    return controllersIn(await this.#ask(route, { method: "GET", path, headers: {}, signal }));
  }

  /** Resolves with the body of a 200; rejects with `EdgeError` otherwise. */
  async #ask(route: Route, request: EdgeRequest): Promise<Buffer> {
    const waiting = this.#outages.waiting(route, this.#clock());
    if (waiting !== null) {
      this.#metrics.requestsHeldBack += 1;
      throw new EdgeError(waiting.sentence, waiting);
    }
    this.#metrics.edgeRequests += 1;
    const { token } = this.#client.credentials;
    const headers = { ...request.headers, ...identityHeaders(route.identity, token) };
    const answer = await this.#client.ask({ ...request, headers }).catch((error: unknown) => {
      throw this.#unanswered(route, error);
    });
    if (answer.status === 200) {
      this.#outages.served(route);
      if (answer.leaderId !== null) this.#whenHinted({ kind: "leader", nodeId: answer.leaderId });
      return answer.body;
    }
    this.#metrics.refusedByEdge(answer.status);
    throw this.#refused(route, answer);
  }

  #unanswered(route: Route, error: unknown): EdgeError {
    const reason = textOf(error);
    const sentence = `no answer from the edge: ${reason}`;
    if (!(error instanceof NoAnswerError && error.isOutage)) return new EdgeError(sentence, null);
    const failure = { scope: "edge", status: null, sentence, askedMs: null } as const;
    this.#outages.failed(route, failure, this.#clock());
    return new EdgeError(sentence, failure);
  }

  #refused(route: Route, answer: EdgeAnswer): EdgeError {
    const failure = failureIn(answer, { route, hasToken: this.hasToken, now: Date.now() });
    if (failure?.scope !== "edge") this.#outages.reached();
    if (failure !== null) this.#outages.failed(route, failure, this.#clock());
    if (route.nodeId !== null && STRAY.has(answer.status))
      this.#whenHinted({ kind: "stray", nodeId: route.nodeId });
    return new EdgeError(failure?.sentence ?? sentenceOf(answer), failure);
  }
}
