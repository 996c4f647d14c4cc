/**
 * What the controllers of a cluster say of themselves, and which of them is active by their own account. Every
 * controller is asked each time; nothing is remembered.
 */
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import {
  isControllerStatus,
  readJson,
  readRefusal,
  type ControllerStatus,
  type VoterStatus,
} from "../../durable-objects/contract.ts";
import type { Bindings } from "../env.ts";
import { CallPlaces } from "./call-places.ts";
import { callController, nodeIdsOf, reasonOf } from "./controller-calls.ts";
import { within } from "./within.ts";

/** One controller's status, or the sentence that says why there is none. */
export interface SelfDescription {
  readonly nodeId: number;
  readonly status: ControllerStatus | string;
}

/** As many calls of one request may wait for the beginning of their answers on the platform. */
export const CALLS_MAX = 6;
/** A controller that says nothing for so long is taken for gone: it may hang. */
const STATUS_MS = 5_000;

/** What every controller says of itself, in the order of the entry; `places` bounds the calls of several clusters. */
export async function statusOfAll(
  env: Bindings,
  entry: ClusterEntry,
  places = new CallPlaces(CALLS_MAX),
): Promise<readonly SelfDescription[]> {
  return await Promise.all(
    nodeIdsOf(entry).map(async (nodeId) => {
      try {
        const status = await places.run(() => statusOf(env, entry, nodeId));
        return { nodeId, status };
      } catch (error) {
        return { nodeId, status: reasonOf(error) };
      }
    }),
  );
}

/** One controller's status, or the sentence with which it refused it. Throws when none comes in time. */
export const statusOf = (
  env: Bindings,
  entry: ClusterEntry,
  nodeId: number,
): Promise<ControllerStatus | string> => within(STATUS_MS, askForStatus(env, entry, nodeId));

async function askForStatus(
  env: Bindings,
  entry: ClusterEntry,
  nodeId: number,
): Promise<ControllerStatus | string> {
  const response = await callController(env, entry, { nodeId, route: "status" });
  return response.ok ? await readJson(response, isControllerStatus) : await readRefusal(response);
}

/** Whether a majority of the voters sleeps: nobody wants anything of their quorum. */
export function isQuorumAsleep(descriptions: readonly SelfDescription[]): boolean {
  const voters = descriptions.filter(({ status }) => !isSpare(status));
  const asleep = voters.filter(({ status }) => typeof status !== "string" && isAsleep(status));
  return asleep.length * 2 > voters.length;
}

const isSpare = (status: ControllerStatus | string): boolean =>
  typeof status !== "string" && "is_voter" in status && !(status.is_voter ?? true);

const isAsleep = (status: ControllerStatus): boolean =>
  "sleep" in status && (status.sleep?.asleep_since_ms ?? null) !== null;

/**
 * The controller that can commit now: active, with a known high watermark. A leader that was deposed and does not
 * know it yet has an older epoch, so the newest epoch wins.
 */
export function activeOf(descriptions: readonly SelfDescription[]): VoterStatus | undefined {
  return descriptions
    .flatMap(({ status }) => (typeof status !== "string" && status.active ? [status] : []))
    .filter((status) => (status.high_watermark ?? -1) > 0)
    .toSorted((one, other) => other.epoch - one.epoch)[0];
}
