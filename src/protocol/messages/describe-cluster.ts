/**
 * DescribeCluster, v0-v2 (KIP-700). The nodes of the cluster as this listener knows them.
 * v1 endpoint types (KIP-919) · v2 fenced brokers (KIP-1073)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, int16, int32, int8, string } from "../schema/field.ts";

export const DescribeCluster = api(
  { key: 60, name: "DescribeCluster", valid: "0-2", flexible: "0+", repeatable: true },
  {
    request: {
      includeClusterAuthorizedOperations: bool(),
      endpointType: int8().versions("1+").default(1),
      includeFencedBrokers: bool().versions("2+"),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      errorMessage: string().nullable().default(null),
      endpointType: int8().versions("1+").default(1),
      clusterId: string(),
      controllerId: int32().default(-1),
      brokers: array({
        brokerId: int32(),
        host: string(),
        port: int32(),
        rack: string().nullable().default(null),
        isFenced: bool().versions("2+"),
      }),
      clusterAuthorizedOperations: int32().default(-2147483648),
    },
    errorResponse: (_, error) => error,
  },
);
export type DescribeClusterRequest = RequestOf<typeof DescribeCluster>;
export type DescribeClusterResponse = ResponseOf<typeof DescribeCluster>;
