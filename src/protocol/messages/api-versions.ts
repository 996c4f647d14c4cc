/**
 * ApiVersions, v0-v5 (KIP-35). What this listener speaks, and which features are finalized; the first request of every client.
 * The response always has header v0, so that a client can read a refusal of its version.
 * v1 throttle time · v3 software name, features (KIP-511, KIP-584) · v4 a feature's minimum may be 0 (KAFKA-17492) ·
 * v5 whom the client means to reach (KIP-1242)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, int16, int32, offset, string } from "../schema/field.ts";

export const ApiVersions = api(
  { key: 18, name: "ApiVersions", valid: "0-5", flexible: "3+", repeatable: true },
  {
    request: {
      clientSoftwareName: string().versions("3+").ignorable(),
      clientSoftwareVersion: string().versions("3+").ignorable(),
      clusterId: string().versions("5+").nullable("5+").default(null).ignorable(),
      nodeId: int32().versions("5+").default(-1).ignorable(),
    },
    response: {
      errorCode: int16(),
      apiKeys: array({
        apiKey: int16(),
        minVersion: int16(),
        maxVersion: int16(),
      }),
      throttleTimeMs: int32().versions("1+").ignorable(),
      supportedFeatures: array({
        name: string(),
        minVersion: int16(),
        maxVersion: int16(),
      })
        .tagged(0, "3+")
        .ignorable(),
      finalizedFeaturesEpoch: offset().tagged(1, "3+").default(-1).ignorable(),
      finalizedFeatures: array({
        name: string(),
        maxVersionLevel: int16(),
        minVersionLevel: int16(),
      })
        .tagged(2, "3+")
        .ignorable(),
      zkMigrationReady: bool().tagged(3, "3+").default(false).ignorable(),
    },
    errorResponse: (_, { errorCode }) => ({ errorCode }),
  },
);

export type ApiVersionsRequest = RequestOf<typeof ApiVersions>;

/** What Kafka allows a client to call itself and its version (KIP-511). */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/**
 * Whether a client says rightly what it is, and whom it means to reach: a cluster and a node, or neither. Kafka's
 * controllers do not look whether they are meant; its brokers do.
 */
export function introducesItself(version: number, request: ApiVersionsRequest): boolean {
  const { clientSoftwareName, clientSoftwareVersion, clusterId, nodeId } = request;
  if (version >= 5 && (clusterId === null) !== (nodeId === -1)) return false;
  return version < 3 || (SOFTWARE.test(clientSoftwareName) && SOFTWARE.test(clientSoftwareVersion));
}

export type ApiVersionsResponse = ResponseOf<typeof ApiVersions>;
