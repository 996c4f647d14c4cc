/**
 * The APIs that this listener answers, and nothing else: a broker advertises to its clients what its controllers
 * advertise to it, so a name too many here is a promise to every client of the cluster.
 */
import { controllerApis } from "../../src/metadata/index.ts";
import type { ApiName } from "../../src/protocol/index.ts";

/** Those that are not metadata operations. */
const QUORUM_APIS: readonly ApiName[] = [
  "Fetch",
  "FetchSnapshot",
  "Vote",
  "BeginQuorumEpoch",
  "EndQuorumEpoch",
  "DescribeQuorum",
  "ApiVersions",
  "Envelope",
];

export const SERVED_APIS: readonly ApiName[] = [...QUORUM_APIS, ...controllerApis.keys()];
