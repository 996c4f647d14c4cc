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
import { callController, nodeIdsOf, reasonOf } from "./controller-calls.ts";

/** One controller's status, or the sentence that says why there is none. */
export interface SelfDescription {
  readonly nodeId: number;
  readonly status: ControllerStatus | string;
}

/** What every controller says of itself, in the order of the entry. */
export async function statusOfAll(
  env: Bindings,
  entry: ClusterEntry,
): Promise<readonly SelfDescription[]> {
  return await Promise.all(
    nodeIdsOf(entry).map(async (nodeId) => {
      try {
        const response = await callController(env, entry, { nodeId, route: "status" });
        const status = response.ok
          ? await readJson(response, isControllerStatus)
          : await readRefusal(response);
        return { nodeId, status };
      } catch (error) {
        return { nodeId, status: reasonOf(error) };
      }
    }),
  );
}

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
