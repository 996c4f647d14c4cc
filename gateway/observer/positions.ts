/**
 * Where the brokers are that are answered here, and when that is to be said: of one that has moved, and now and then of
 * one that has not, so that it is seen to be there.
 */
import type { BrokerPosition } from "../../src/link/index.ts";
import { isUuid, uuidToBytes, ZERO_UUID } from "../../src/protocol/index.ts";
import type { FollowableLink, LinkPlace } from "../edge/link/link-watch.ts";
import type { FetchQuestion } from "./fetch-question.ts";

/** A leader forgets an observer after five minutes. */
const REPEAT_MS = 30_000;
/** More than a cluster has brokers. */
const BROKERS_MAX = 10_000;

interface Broker {
  readonly place: LinkPlace;
  readonly directoryId: string;
  offset: number;
  askedAt: number;
  /** What the controller knows of it, and since when. */
  said: { readonly offset: number; readonly at: number };
}

/** The brokers whose fetches go over one link. */
export interface Report {
  readonly stream: number;
  readonly brokers: BrokerPosition[];
}

export class Positions {
  readonly #brokers = new Map<number, Broker>();

  /** The controller itself was asked. */
  served({ replicaId, directoryId, offset }: FetchQuestion, place: LinkPlace, now: number): void {
    if (replicaId < 0) return;
    if (this.#brokers.size >= BROKERS_MAX && !this.#brokers.has(replicaId)) return;
    const said = { offset, at: now };
    this.#brokers.set(replicaId, { place, directoryId, offset, askedAt: now, said });
  }

  /** The broker has asked here. */
  asked({ replicaId, offset }: FetchQuestion, now: number): void {
    const broker = this.#brokers.get(replicaId);
    if (broker === undefined) return;
    broker.offset = offset;
    broker.askedAt = now;
  }

  /** The client whose frames went there is gone. */
  forget({ link, stream }: LinkPlace): void {
    for (const [id, { place }] of this.#brokers)
      if (place.link === link && place.stream === stream) this.#brokers.delete(id);
  }

  /** What is to be said now, by link. It counts as said. */
  due(now: number): ReadonlyMap<FollowableLink, Report> {
    const reports = new Map<FollowableLink, Report>();
    for (const [id, broker] of this.#brokers) {
      const { place, directoryId, offset, askedAt, said } = broker;
      const isRepeated = now - said.at >= REPEAT_MS && askedAt > said.at;
      if ((offset === said.offset && !isRepeated) || !place.link.isOpen) continue;
      const report = reports.get(place.link) ?? { stream: place.stream, brokers: [] };
      reports.set(place.link, report);
      report.brokers.push({ id, directoryId: bytesOf(directoryId), offset });
      broker.said = { offset, at: now };
    }
    return reports;
  }
}

const bytesOf = (directoryId: string): Uint8Array =>
  uuidToBytes(isUuid(directoryId) ? directoryId : ZERO_UUID);
