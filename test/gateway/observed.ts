/**
 * Both ends of a link in one process, with nothing of a network between them: the controller's session over a
 * controller of its own in Node, and a gateway's observer. What each says is written and read as the bytes of a
 * message.
 */
import { UNLOCKED, type Bearer } from "../../durable-objects/bearer.ts";
import { Followers } from "../../durable-objects/link/followers.ts";
import { Session, type LinkHost } from "../../durable-objects/link/session.ts";
import { answerRequest } from "../../durable-objects/listener/listener.ts";
import { operatorLogOf } from "../../durable-objects/operator-log.ts";
import type { Controller } from "../../durable-objects/controller.ts";
import type { FollowableLink, LinkPlace } from "../../gateway/edge/link/link-watch.ts";
import { GatewayMetrics } from "../../gateway/metrics.ts";
import { fetchQuestion, type FetchQuestion } from "../../gateway/observer/fetch-question.ts";
import { Observer } from "../../gateway/observer/observer.ts";
import { ServedPosition } from "../../gateway/observer/served-position.ts";
import {
  FROM_CONTROLLER,
  FROM_GATEWAY,
  readFromController,
  writeMessages,
  type FromController,
  type FromGateway,
  type Position,
  type Push,
} from "../../src/link/index.ts";
import { ConfigRecord, Fetch, requestFrame } from "../../src/protocol/index.ts";
import { CLUSTER, settled, World } from "../controller/world.ts";
import { directoryOf } from "../metadata/partition-notation.ts";
import { metadataFetch, type MetadataFetch } from "./metadata-fetch.ts";

export const NODE_ID = 3000;
export const INCARNATION = "one";

/** The controller that a link is to. */
export interface LinkedSide {
  readonly host: LinkHost;
  readonly followers: Followers;
  /** Who hears of what arrives, besides the link's own lists. */
  readonly observer: Observer | null;
}

/** One link, whose controller's end is the product's session. */
export class MemoryLink implements FollowableLink {
  isOpen = true;
  generation = 0;
  readonly fetchBytesMax = 1_048_576;
  /** What came to the gateway, and what went to the controller. */
  readonly pushes: Push[] = [];
  readonly positions: Position[] = [];
  /** How long each of them may wait for what else leaves, in ms. */
  readonly waits: number[] = [];
  readonly heard: FromController[] = [];
  readonly closings: string[] = [];
  /** Whether the gateway reads what arrives. */
  isRead = true;
  readonly session: Session;
  /** As they came: one and the same for whoever is at the same place. */
  readonly messages: Uint8Array[] = [];
  readonly #node: LinkedSide;

  constructor(node: LinkedSide, bearer: Bearer = UNLOCKED) {
    this.#node = node;
    const greeting = {
      cluster_id: CLUSTER.cluster_id,
      node_id: NODE_ID,
      incarnation: INCARNATION,
      requests_max: 16,
      streams_max: 16,
      fetch_bytes_max: this.fetchBytesMax,
    };
    const socket = {
      send: (message: string | ArrayBuffer | ArrayBufferView) => {
        if (!(message instanceof Uint8Array)) throw new Error("no bytes");
        this.messages.push(message);
        for (const each of readFromController(message, FROM_CONTROLLER)) this.#arrived(each);
      },
      close: (code?: number, reason?: string) => {
        this.isOpen = false;
        this.closings.push(`${code} ${reason}`);
        node.observer?.lost(NODE_ID, this);
      },
    };
    const attachment = { bearer, opening: { gateway_id: "one", token: null } };
    const { host, followers } = node;
    this.session = new Session(socket, attachment, { greeting, host, followers });
    this.say({ kind: "hello", greeting: JSON.stringify({ incarnation: INCARNATION }) });
    this.say({ kind: "begin", stream: 1, principal: null });
  }

  say(...envelopes: readonly FromGateway[]): void {
    for (const { buffer } of writeMessages(envelopes, FROM_GATEWAY)) this.session.receive(buffer);
  }

  position(stream: number, position: Position, waitMs = 0): void {
    this.positions.push(position);
    this.waits.push(waitMs);
    if (this.isOpen) this.say({ kind: "position", stream, position });
  }

  #arrived(envelope: FromController): void {
    if (envelope.kind === "push") {
      this.pushes.push(envelope.push);
      if (this.isRead) this.#node.observer?.pushed(NODE_ID, this, envelope.push);
    } else this.heard.push(envelope);
  }
}

/** A controller and what follows it. */
export class ControllerSide implements LinkedSide {
  readonly world = new World();
  controller: Controller | null = null;
  observer: Observer | null = null;
  readonly failures: unknown[] = [];
  readonly followers: Followers;

  constructor() {
    this.followers = new Followers({
      voter: () => this.controller,
      failed: (cause) => void this.failures.push(cause),
      clock: () => this.world.nowMs,
    });
  }

  get host(): LinkHost {
    // oxlint-disable-next-line typescript/no-this-alias -- its getter is asked later
    const side = this;
    return {
      get node() {
        return side.controller === null ? null : { voter: side.controller, cluster: CLUSTER };
      },
      clusterId: CLUSTER.cluster_id,
      nodeId: NODE_ID,
      operatorLog: operatorLogOf({ cluster_id: null, node_id: null }),
    };
  }

  /** Leads anew, in a later epoch. */
  async lead(): Promise<Controller> {
    this.controller?.stop();
    this.controller = await this.world.inOffice();
    return this.controller;
  }

  get up(): Controller {
    if (this.controller === null) throw new Error("it is down");
    return this.controller;
  }

  /** One batch of `count` records, of so many bytes each. */
  async write(count = 1, bytes = 20): Promise<void> {
    const value = "x".repeat(bytes);
    const records = Array.from({ length: count }, (_, at) =>
      ConfigRecord.of(0, { resourceType: 2, resourceName: "t", name: `c${at}`, value }),
    );
    await this.world.submit(this.up, () => ({ records, response: null }));
    await settled();
  }

  /** What the controller itself answers. */
  async answered(frame: Uint8Array): Promise<Uint8Array> {
    const { signal } = new AbortController();
    const sender = { origin: "client", bearer: UNLOCKED, signal } as const;
    const answer = await answerRequest({ voter: this.up, cluster: CLUSTER }, frame, sender);
    if (answer.kind === "unanswerable") return new Uint8Array();
    return Buffer.concat(answer.parts);
  }
}

export interface FetchWish extends Partial<MetadataFetch> {
  readonly epoch: number;
  readonly offset: number;
  readonly lastFetchedEpoch: number;
  readonly version?: number;
}

export const DIRECTORY = directoryOf(1);

export function fetchFrame({ version = 18, ...wish }: FetchWish): Uint8Array {
  const unlessSaid = {
    replicaId: 1,
    maxWaitMs: 0,
    clusterId: CLUSTER.cluster_id,
    directoryId: DIRECTORY,
  };
  const header = { apiVersion: version, correlationId: 7, clientId: "test" };
  return requestFrame(Fetch, header, metadataFetch({ ...unlessSaid, ...wish }));
}

export const questionOf = (frame: Uint8Array): FetchQuestion | null =>
  fetchQuestion(frame, CLUSTER.cluster_id);

export interface Observing {
  readonly side: ControllerSide;
  readonly observer: Observer;
  readonly metrics: GatewayMetrics;
  readonly link: MemoryLink;
  readonly place: LinkPlace;
  /** Null where it is left to the controller. */
  readonly ask: (frame: Uint8Array, signal?: AbortSignal) => Promise<Uint8Array | null>;
  /** Asks the controller and has it known that it has answered. */
  readonly introduce: (wish: FetchWish) => Promise<void>;
}

/** A controller in office, and a gateway that follows it. */
export async function observing({
  served = new ServedPosition(null, CLUSTER.cluster_id, () => undefined),
  clock = () => 0,
  side = new ControllerSide(),
}: {
  readonly served?: ServedPosition;
  readonly clock?: () => number;
  readonly side?: ControllerSide;
} = {}): Promise<Observing> {
  if (side.controller === null) await side.lead();
  const metrics = new GatewayMetrics();
  const observer = new Observer({ served, metrics, heartbeatBatchMs: 100, clock });
  side.observer = observer;
  const link = new MemoryLink(side);
  const place = { link, stream: 1 };
  const introduce = async (wish: FetchWish): Promise<void> => {
    const frame = fetchFrame(wish);
    await side.answered(frame);
    const question = questionOf(frame);
    if (question !== null) observer.served(NODE_ID, question, place);
    await settled();
  };
  const ask: Observing["ask"] = async (frame, signal = new AbortController().signal) => {
    const question = questionOf(frame);
    if (question === null) return null;
    const asking = { nodeId: NODE_ID, question, isLet: () => link.isOpen };
    return await observer.answer(asking, signal);
  };
  return { side, observer, metrics, link, place, ask, introduce };
}

/** An observer's fetch at the end of what is committed. */
export function atEnd(controller: Controller, more: Partial<FetchWish> = {}): FetchWish {
  const { log, election } = controller.state;
  const last = log.epochs.at(-1)?.epoch ?? 0;
  return { epoch: election.epoch, offset: log.endOffset, lastFetchedEpoch: last, ...more };
}

/** A controller with a log of several epochs, followed from its beginning on. */
export async function withEpochs(): Promise<ControllerSide> {
  const side = new ControllerSide();
  for (const [count, bytes] of [
    [1, 20],
    [5, 300],
    [40, 2_000],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one epoch after the other
    await side.lead();
    for (let batch = 0; batch < 4; batch++) {
      // oxlint-disable-next-line no-await-in-loop -- one batch after the other
      await side.write(count, bytes);
    }
  }
  return side;
}
