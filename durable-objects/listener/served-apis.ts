/**
 * The APIs that this listener answers, and nothing else: a broker advertises to its clients what its controllers
 * advertise to it, so a name too many here is a promise to every client of the cluster. What is no API of Kafka's is
 * answered, and advertised to nobody (`unadvertised`).
 *
 * The metadata operations are read off their table. The names below are the keys of two tables of handlers, in
 * `dispatch.ts` and `quorum-apis.ts`; they stand here so that the page of the protocol can be written without a
 * platform, and the compiler holds table and names against each other.
 */
import { controllerApis } from "../../src/metadata/index.ts";
import { isApiName, type ApiName } from "../../src/protocol/index.ts";

/** The listener's own: one tells of all APIs, the other holds any of them. */
export const LISTENER_APIS = ["ApiVersions", "Envelope"] as const satisfies readonly ApiName[];

/** The quorum's. */
export const QUORUM_APIS = [
  "Fetch",
  "FetchSnapshot",
  "Vote",
  "BeginQuorumEpoch",
  "EndQuorumEpoch",
  "DescribeQuorum",
  "AddRaftVoter",
  "RemoveRaftVoter",
  "UpdateRaftVoter",
] as const satisfies readonly ApiName[];

export const SERVED_APIS: readonly ApiName[] = [
  ...LISTENER_APIS,
  ...QUORUM_APIS,
  ...Object.keys(controllerApis).filter(isApiName),
];
