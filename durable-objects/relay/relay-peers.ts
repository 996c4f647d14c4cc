/**
 * The controllers of a quorum that others run, as the peers of the one that observes it: Kafka's frames over a relay,
 * in the newest versions that both sides know. Nothing but Fetch, FetchSnapshot and ApiVersions ever leaves.
 *
 * Who they are and where they listen is what they have said themselves: the leader in answers, the voters in the log.
 * Before that there is one peer with the id of none, which stands for any server that the gateway was told.
 */
import { DecodeError, Fetch, FetchSnapshot, type Api } from "../../src/protocol/index.ts";
import { HOST_BYTES_MAX, type Address } from "../../src/link/index.ts";
import {
  latestVoters,
  leaderOf,
  type Endpoint,
  type RequestFailure,
  type Response,
  type State,
} from "../../src/raft/index.ts";
import type { OperatorLog } from "../operator-log.ts";
import { CallFailed } from "../replica/call-failure.ts";
import {
  decodeResponse,
  encodeApiVersions,
  encodeRequest,
  rangesIn,
  type VersionRange,
} from "../replica/peer-wire.ts";
import type { CallOutcome, Peers, SendEffect } from "../replica/ports.ts";
import { ANY_SERVER } from "../replica/raft-config.ts";
import { NotRelayed, type Relays } from "./relays.ts";

/** What one controller speaks; of so many it is remembered. */
const SPOKEN_MAX = 16;

const ANY = "a server of the gateway's";

/** The core asks again and again, and garbage reads differently each time. */
const QUIET_MS = 10_000;

/** Directory ids of observers are in Fetch from 17 on, and in FetchSnapshot from 1 on: Kafka 3.9. */
const LOWEST = { fetch: 17, "fetch-snapshot": 1 } as const;

type Relayed = keyof typeof LOWEST;
type Spoken = Readonly<Record<Relayed, number>>;

const APIS: Readonly<Record<Relayed, Api>> = { fetch: Fetch, "fetch-snapshot": FetchSnapshot };

const isRelayed = (api: string): api is Relayed => Object.hasOwn(LOWEST, api);

export interface RelayPeersParts {
  readonly relays: Relays;
  /** Null before the first step. */
  readonly state: () => State | null;
  readonly nodeId: number;
  readonly operatorLog: Pick<OperatorLog, "error">;
}

export class RelayPeers implements Peers {
  readonly #parts: RelayPeersParts;
  /** By relay and address: another gateway may reach others. */
  readonly #spoken = new WeakMap<WebSocket, Map<string, Spoken>>();
  /** When the log was told last of an answer that could not be used, in ms. */
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(parts: RelayPeersParts) {
    this.#parts = parts;
  }

  ask(send: SendEffect, signal: AbortSignal, ended: (outcome: CallOutcome) => void): void {
    this.#answerTo(send, signal).then(
      (body) => {
        this.#parts.relays.failure = null;
        ended({ kind: "answered", body });
      },
      (cause: unknown) => {
        const failure = cause instanceof CallFailed ? cause.failure : "reset";
        // A call that was given up says nothing of whom it was to.
        if (cause instanceof Error && !signal.aborted) this.#failed(cause.message, failure);
        ended({ kind: "failed", failure });
      },
    );
  }

  #failed(reason: string, failure: RequestFailure): void {
    this.#parts.relays.failure = reason;
    const nowMs = Date.now();
    if (failure !== "unreadable" || nowMs - this.#saidMs < QUIET_MS) return;
    this.#saidMs = nowMs;
    this.#parts.operatorLog.error("answer-unreadable", reason);
  }

  async #answerTo(
    { to, correlation, request }: SendEffect,
    signal: AbortSignal,
  ): Promise<Response> {
    const { relays, nodeId } = this.#parts;
    const { api } = request;
    if (!isRelayed(api)) throw new CallFailed("refused", `an observer asks for no ${api}`);
    const relay = await relays.current(signal);
    const address = this.#addressOf(to);
    const key = address === null ? ANY : `${address.host}:${address.port}`;
    try {
      const spoken =
        this.#spokenBy(relay, key) ?? (await this.#learn(relay, { address, key }, signal));
      const apiVersion = spoken[api];
      const sender = { clientId: `observer-${nodeId}`, correlationId: correlation, apiVersion };
      const frame = encodeRequest(request, sender);
      const answer = await relays.carry(relay, { to: address, frame }, signal);
      const body = readable(key, () =>
        decodeResponse(api, answer, { correlation, apiVersion, tail: "ignore" }),
      );
      if (body.error === "INCONSISTENT_CLUSTER_ID")
        relays.expel(relay, "the quorum that this gateway reaches is of another cluster");
      return body;
    } catch (error) {
      // Behind that address there may be another one by now, which speaks otherwise; and another gateway may fare
      // better.
      this.#spoken.get(relay)?.delete(key);
      relays.demote(relay);
      if (error instanceof NotRelayed)
        throw new CallFailed("reset", error.message, { cause: error });
      throw error;
    }
  }

  #spokenBy(relay: WebSocket, key: string): Spoken | undefined {
    return this.#spoken.get(relay)?.get(key);
  }

  async #learn(
    relay: WebSocket,
    { address, key }: { readonly address: Address | null; readonly key: string },
    signal: AbortSignal,
  ): Promise<Spoken> {
    const { relays, nodeId } = this.#parts;
    const frame = encodeApiVersions(`observer-${nodeId}`);
    const answer = await relays.carry(relay, { to: address, frame }, signal);
    const ranges = readable(key, () => rangesIn(answer));
    const spoken = {
      fetch: newest("fetch", ranges),
      "fetch-snapshot": newest("fetch-snapshot", ranges),
    };
    const known = this.#spoken.get(relay) ?? new Map<string, Spoken>();
    if (known.size >= SPOKEN_MAX) known.clear();
    this.#spoken.set(relay, known.set(key, spoken));
    return spoken;
  }

  /** Where a controller listens; null for any server that the gateway was told. */
  #addressOf(id: number): Address | null {
    if (id === ANY_SERVER) return null;
    const state = this.#parts.state();
    const leader = state === null ? null : leaderOf(state);
    const voters = state === null ? [] : latestVoters(state.voters);
    const endpoints =
      leader?.leaderId === id
        ? leader.endpoints
        : (voters.find(({ key }) => key.id === id)?.endpoints ?? []);
    const found = endpoints.find(isReachable);
    if (found === undefined) throw new CallFailed("refused", `controller ${id} has no address`);
    return { host: found.host, port: found.port };
  }
}

const isReachable = ({ host, port }: Endpoint): boolean =>
  port > 0 && port < 65_536 && /^[\w.:-]{1,255}$/.test(host) && host.length <= HOST_BYTES_MAX;

function newest(api: Relayed, ranges: ReadonlyMap<number, VersionRange>): number {
  const { key, name, valid } = APIS[api];
  const theirs = ranges.get(key) ?? { min: 0, max: -1 };
  const most = Math.min(theirs.max, Number(valid.split("-").at(-1)));
  if (most >= LOWEST[api] && most >= theirs.min) return most;
  throw new CallFailed(
    "unreadable",
    `a controller speaks ${name} ${theirs.min} to ${theirs.max}; ${LOWEST[api]} at least is needed, as of Kafka 3.9`,
  );
}

function readable<Value>(from: string, read: () => Value | null): Value {
  try {
    const value = read();
    if (value !== null) return value;
    throw new CallFailed("unreadable", `${from} answered something else`);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    const reason = `what ${from} answered cannot be read: ${cause.message}`;
    throw new CallFailed("unreadable", reason, { cause });
  }
}
