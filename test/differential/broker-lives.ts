/**
 * Brokers as the state machines that real ones are: up, then stopping, then stopped, and registered again. None takes
 * back its wish to shut down, a directory that failed stays failed, and one that was told to stop is silent. Without
 * that, most differences would be about brokers that do not exist.
 */
import type { BrokerRegistration } from "../../src/metadata/image/cluster-image.ts";
import type { MetadataImage } from "../../src/metadata/image/metadata-image.ts";
import type { Uuid } from "../../src/protocol/index.ts";
import { directoryOf, registrationOf } from "../metadata/office.ts";
import { CLUSTER_ID, type Asked } from "./jvm-controller.ts";
import type { Draw } from "./draws.ts";

export const BROKERS: readonly number[] = [0, 1, 2, 3, 4, 5];
/** Brokers from this one on have two directories. */
const FIRST_JBOD = 3;

interface Life {
  state: "up" | "stopping" | "stopped";
  incarnation: number;
  offline: readonly Uuid[];
  cordoned: readonly Uuid[] | null;
}

export const directoriesOf = (brokerId: number): readonly Uuid[] =>
  brokerId < FIRST_JBOD
    ? [directoryOf(brokerId)]
    : [directoryOf(brokerId), directoryOf(brokerId + 100)];

export class BrokerLives {
  readonly #lives = new Map<number, Life>();
  #incarnations = 0;

  /** A registration of a broker that is not there, in a new incarnation or the one that it had. */
  registration(brokerId: number, change: object = {}): object {
    const incarnation = this.#lives.get(brokerId)?.incarnation ?? this.#incarnations;
    return {
      ...registrationOf(brokerId),
      clusterId: CLUSTER_ID,
      incarnationId: directoryOf(9_000 + incarnation),
      rack: `r${brokerId % 2}`,
      logDirs: directoriesOf(brokerId),
      ...change,
    };
  }

  /** The next registration of any broker is of another process. */
  nextIncarnation(): Uuid {
    this.#incarnations += 1;
    return directoryOf(9_000 + this.#incarnations);
  }

  stateOf(brokerId: number): Life["state"] | "absent" {
    return this.#lives.get(brokerId)?.state ?? "absent";
  }

  /** What a broker that is registered says of itself; null of one that has stopped. */
  heartbeat(
    broker: BrokerRegistration,
    { endOffset, version, draw }: { endOffset: number; version: number; draw: Draw },
  ): object | null {
    const life = this.#lives.get(broker.id);
    if (life === undefined || life.state === "stopped") return null;
    if (life.state === "up" && draw(12) === 0) life.state = "stopping";
    const isBehind = draw(8) === 0;
    const last = endOffset - 1;
    if (version >= 1 && draw(25) === 0) this.#failDirectory(broker, life, draw);
    if (version >= 2 && draw(10) === 0) {
      life.cordoned =
        draw(3) === 0 ? [] : [directoriesOf(broker.id)[draw(2)] ?? directoryOf(broker.id)];
    }
    return {
      brokerId: broker.id,
      brokerEpoch: broker.epoch - (draw(40) === 0 ? 1 : 0),
      currentMetadataOffset: isBehind ? Math.max(0, last - draw(30)) : last,
      wantFence: life.state === "up" && draw(8) === 0,
      wantShutDown: life.state === "stopping",
      ...(version >= 1 ? { offlineLogDirs: life.offline } : {}),
      ...(version >= 2 ? { cordonedLogDirs: life.cordoned } : {}),
    };
  }

  /** One of several; a broker whose last directory fails halts by itself, and only seldom says so before. */
  #failDirectory(broker: BrokerRegistration, life: Life, draw: Draw): void {
    const left = directoriesOf(broker.id).filter((id) => !life.offline.includes(id));
    if (left.length < 2 && draw(20) > 0) return;
    const failed = left[draw(left.length)];
    if (failed !== undefined) life.offline = [...life.offline, failed];
  }

  /** What came of a request, as Kafka's controller answered it. */
  hear({ name, body }: Asked, response: unknown, image: MetadataImage): void {
    if (!("brokerId" in body) || typeof body.brokerId !== "number") return;
    const { brokerId } = body;
    const life = this.#lives.get(brokerId);
    if (name === "BrokerHeartbeat" && saysOf(response, "shouldShutDown") === true) {
      if (life !== undefined) life.state = "stopped";
    }
    if (name === "UnregisterBroker" && saysOf(response, "errorCode") === 0) {
      this.#lives.delete(brokerId);
    }
    if (name === "BrokerRegistration" && saysOf(response, "errorCode") === 0) {
      const registered = image.cluster.brokers.get(brokerId)?.incarnationId;
      if (life !== undefined && registered === directoryOf(9_000 + life.incarnation)) return;
      this.#lives.set(brokerId, {
        state: "up",
        incarnation: this.#incarnations,
        offline: [],
        cordoned: null,
      });
    }
  }
}

const saysOf = (response: unknown, name: string): unknown =>
  response !== null && typeof response === "object" && name in response
    ? Object.entries(response).find(([key]) => key === name)?.[1]
    : undefined;
