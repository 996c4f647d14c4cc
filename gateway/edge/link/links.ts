/**
 * The links of a gateway: one to each controller for each token that is shown there, opened when a client first needs
 * it. Nothing waits for a link: while there is none, frames go by HTTP. So a link is never in the way, and an edge that
 * refuses upgrades is served by all the same.
 */
import { randomUUID } from "node:crypto";
import { SUBPROTOCOL } from "../../../src/link/index.ts";
import type { Log } from "../../log.ts";
import type { GatewayMetrics } from "../../metrics.ts";
import type { EdgeAnswer, EdgeClient } from "../edge-client.ts";
import { identityHeaders, type Identity } from "../identity.ts";
import { wordsOf } from "../refusal.ts";
import type { LinkWatch } from "./link-watch.ts";
import { Link } from "./link.ts";
import { Reconnecting } from "./reconnecting.ts";

/** Clients bring tokens of their own; beyond this many links their frames go by HTTP. */
const LINKS_MAX = 512;

/** The answer says nothing about upgrades: the controller, or the edge, is not well. */
const isPassing = (status: number): boolean => status === 421 || (status >= 500 && status !== 501);

export interface LinksParts {
  readonly client: EdgeClient;
  readonly clusterId: string;
  readonly metrics: GatewayMetrics;
  readonly log: Log;
  /** In ms; it never goes back. */
  readonly clock: () => number;
}

interface Place {
  readonly nodeId: number;
  readonly reconnecting: Reconnecting;
  link: Link | null;
  openedAt: number | null;
  /** Why frames go by HTTP, while upgrades are refused. */
  refusal: string | null;
}

export class Links {
  readonly #parts: LinksParts;
  readonly #gatewayId = randomUUID();
  /** By controller and token. */
  readonly #places = new Map<string, Place>();
  #isOver = false;
  #watch: LinkWatch | null = null;

  constructor(parts: LinksParts) {
    this.#parts = parts;
  }

  /** Tells `watch` from now on what becomes of links. */
  tell(watch: LinkWatch): void {
    this.#watch = watch;
  }

  /** Ends every link at once, with what has not left yet. */
  drop(reason: string): void {
    for (const { link } of this.#places.values()) link?.drop(reason);
  }

  /** One sentence for each controller whose frames go by HTTP because upgrades are refused. */
  get refusals(): readonly string[] {
    const sentences = [...this.#places.values()].flatMap(({ refusal }) => refusal ?? []);
    return [...new Set(sentences)];
  }

  /** How long each open link to a controller has lasted, in ms. */
  openFor(nodeId: number): readonly number[] {
    const now = this.#parts.clock();
    return [...this.#places.values()].flatMap((place) =>
      place.nodeId === nodeId && place.openedAt !== null ? [now - place.openedAt] : [],
    );
  }

  /** An open link to that controller in that one's name, or null; then one is on its way if it may be. */
  find(nodeId: number, identity: Identity): Link | null {
    const place = this.#placeOf(nodeId, identity);
    if (place === null) return null;
    if (place.link === null && !place.reconnecting.isWaiting(this.#parts.clock()))
      this.#open(place, identity);
    return place.link?.hasRoom === true ? place.link : null;
  }

  /** What is shown to the edge has changed: links that were opened with what was shown before end when they may. */
  renew(): void {
    for (const [key, { link }] of this.#places) {
      if (link === null) this.#places.delete(key);
      else link.leave();
    }
  }

  close(): void {
    this.#isOver = true;
    for (const { link } of this.#places.values()) link?.close("the gateway stops");
    this.#places.clear();
  }

  #placeOf(nodeId: number, identity: Identity): Place | null {
    const token = identity.by === "token" ? identity.token : this.#parts.client.credentials.token;
    const key = `${nodeId} ${token ?? ""}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    if (this.#places.size >= LINKS_MAX) this.#forgetUnused();
    if (this.#isOver || this.#places.size >= LINKS_MAX) return null;
    const reconnecting = new Reconnecting();
    const place: Place = { nodeId, reconnecting, link: null, openedAt: null, refusal: null };
    this.#places.set(key, place);
    return place;
  }

  #forgetUnused(): void {
    for (const [key, { link }] of this.#places) if (link === null) this.#places.delete(key);
  }

  #open(place: Place, identity: Identity): void {
    const { client, clusterId, metrics, log } = this.#parts;
    const { nodeId, reconnecting } = place;
    const { token } = client.credentials;
    // Whom a client's certificate names is said for each stream.
    const asking: Identity =
      identity.by === "token" ? identity : { by: "gateway", principal: null };
    const path = `/kafka/v3/clusters/${clusterId}/controllers/${nodeId}/link?gateway_id=${this.#gatewayId}`;
    const { socket, refused } = client.upgrade(path, SUBPROTOCOL, identityHeaders(asking, token));
    let answer: EdgeAnswer | null = null;
    void refused.then((given) => {
      answer = given;
      socket.terminate();
    });
    const link: Link = new Link(socket, {
      clusterId,
      nodeId,
      metrics,
      heard: () => this.#watch?.heard(nodeId),
      pushed: (push) => this.#watch?.pushed(nodeId, link, push),
      unsettled: () => this.#watch?.lost(nodeId, link),
      opened: () => {
        metrics.linksOpen += 1;
        place.openedAt = this.#parts.clock();
        if (place.refusal !== null)
          log(`controller ${nodeId}: frames go over a link again`, {
            event: "link-accepted",
            nodeId,
          });
        place.refusal = null;
      },
      closed: () => {
        place.link = null;
        const now = this.#parts.clock();
        const chance = Math.random();
        if (place.openedAt !== null) {
          metrics.linksOpen -= 1;
          metrics.linksLost += 1;
          reconnecting.lost(now, { chance, lastedMs: now - place.openedAt });
          place.openedAt = null;
        } else if (answer === null || isPassing(answer.status)) reconnecting.failed(now, chance);
        else {
          reconnecting.refused(now, chance);
          this.#refused(place, answer);
        }
        this.#watch?.lost(nodeId, link);
      },
    });
    place.link = link;
  }

  #refused(place: Place, answer: EdgeAnswer): void {
    const { metrics, log } = this.#parts;
    metrics.linksRefused += 1;
    const said = place.refusal !== null;
    place.refusal = `controller ${place.nodeId}: frames go by HTTP, since an upgrade was answered with ${answer.status}: ${wordsOf(answer)}`;
    const about = { level: "warn", event: "link-refused", nodeId: place.nodeId } as const;
    if (!said) log(place.refusal, about);
  }
}
