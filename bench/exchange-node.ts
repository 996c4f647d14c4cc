/**
 * Two objects of this class exchange frames, and nothing else: a request as small as a Fetch, and an answer of as many
 * bytes as it asks for, at once or when a third call releases it. It is asked in every way of `ways.ts`.
 */
import { DurableObject } from "cloudflare:workers";
import { ROUTES, urlOf } from "../durable-objects/contract.ts";
import type { ExchangeShape, Wakes, Way } from "./carrying.ts";
import { quantile } from "./quantile.ts";
import type { Load } from "./load.ts";
import {
  acceptSocket,
  answerMessage,
  Carrier,
  FrameSession,
  SOCKET_PATH,
  type Reached,
} from "./ways.ts";

interface ExchangeEnv {
  readonly EXCHANGE: DurableObjectNamespace<ExchangeNode>;
}

/** As many bytes as a follower's Fetch has. */
const REQUEST_BYTES = 200;
const PARKED = 1;
/** The runtime's clock ticks in milliseconds: so many exchanges are timed as one. */
const GROUP = 20;

export class ExchangeNode extends DurableObject<ExchangeEnv> {
  readonly #carrier = new Carrier();
  /** By its size: what an answer is made of is no part of what is measured. */
  readonly #answers = new Map<number, Uint8Array<ArrayBuffer>>();
  #parked: (() => void)[] = [];

  override async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === SOCKET_PATH) return acceptSocket(this.ctx);
    return new Response(await this.carry(new Uint8Array(await request.arrayBuffer())));
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    if (typeof message !== "string") answerMessage(socket, message, (frame) => this.carry(frame));
  }

  openSession(): FrameSession {
    return new FrameSession((frame) => this.carry(frame));
  }

  async carry(frame: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const view = new DataView(frame.buffer, frame.byteOffset);
    const bytes = view.getUint32(0);
    if (view.getUint8(4) === PARKED) await new Promise<void>((free) => this.#parked.push(free));
    const answer = this.#answers.get(bytes) ?? new Uint8Array(bytes);
    this.#answers.set(bytes, answer);
    return answer;
  }

  release(): void {
    for (const free of this.#parked.splice(0)) free();
  }

  /** Whether so many wait to be released. */
  isHolding(count: number): boolean {
    return this.#parked.length >= count;
  }

  /** Asks another object again and again, `inFlight` at a time. The latencies are means of small groups. */
  async drive({ way, answerBytes, inFlight, ms }: ExchangeShape): Promise<Load> {
    const frame = frameFor(answerBytes, 0);
    const exchange = async (): Promise<void> => {
      const { byteLength } = await this.#ask(way, frame);
      if (byteLength !== answerBytes)
        throw new Error(`${way}: ${byteLength} bytes came back, not ${answerBytes}`);
    };
    const latencies: number[] = [];
    const begun = Date.now();
    const loop = async (): Promise<void> => {
      while (Date.now() - begun < ms) {
        const at = performance.now();
        for (let one = 0; one < GROUP; one += 1) await exchange();
        latencies.push((performance.now() - at) / GROUP);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, loop));
    const operations = latencies.length * GROUP;
    return {
      operations,
      perSecond: (operations * 1_000) / (Date.now() - begun),
      p50Ms: quantile(latencies, 0.5),
      p99Ms: quantile(latencies, 0.99),
    };
  }

  /**
   * Has `inFlight` frames wait at another object and then be released, again and again. Each time is measured by a
   * clock of whole milliseconds that ticks when it likes, so their mean is right though none of them is.
   */
  async wake({ way, answerBytes, inFlight, ms }: ExchangeShape): Promise<Wakes> {
    const frame = frameFor(answerBytes, PARKED);
    const begun = Date.now();
    let cycles = 0;
    let waitedMs = 0;
    while (Date.now() - begun < ms) {
      const asked = Array.from({ length: inFlight }, () => this.#ask(way, frame));
      while (!(await this.#peer.isHolding(inFlight)));
      const at = performance.now();
      const released = this.#peer.release();
      await Promise.all(asked);
      waitedMs += performance.now() - at;
      cycles += 1;
      await released;
    }
    return { operations: cycles * inFlight, meanMs: waitedMs / cycles };
  }

  get #peer() {
    return this.env.EXCHANGE.getByName("answers");
  }

  async #ask(way: Way, frame: Uint8Array): Promise<Uint8Array> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the compiler sees promises of promises in a stub
    const stub = this.#peer as unknown as Reached;
    if (way !== "fetch") return await this.#carrier.carry(way, { name: "answers", stub }, frame);
    const { method } = ROUTES.peerFrames;
    // As a controller calls its peers: every call can be given up.
    const { signal } = new AbortController();
    const response = await stub.fetch(urlOf("peerFrames"), { method, body: frame, signal });
    return new Uint8Array(await response.arrayBuffer());
  }
}

function frameFor(answerBytes: number, isParked: number): Uint8Array {
  const frame = new Uint8Array(REQUEST_BYTES);
  new DataView(frame.buffer).setUint32(0, answerBytes);
  frame[4] = isParked;
  return frame;
}
