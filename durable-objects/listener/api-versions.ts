/**
 * ApiVersions, v0-v5 (KIP-35, KIP-511, KIP-584, KIP-1242): exactly what this listener serves of Kafka's APIs, the
 * features this build supports, and what the cluster has finalized. Every node answers at any time, leader or not.
 */
import {
  ApiVersions,
  ErrorCode,
  apis,
  boundsOf,
  introducesItself,
  type ApiVersionsRequest,
  type ApiVersionsResponse,
} from "../../src/protocol/index.ts";
import { finalizedLevels, stableImage, SUPPORTED_FEATURES } from "../../src/metadata/index.ts";
import type { Node } from "./answer.ts";
import { SERVED_APIS } from "./served-apis.ts";

/** What is advertised, by rising key. */
const SERVED_VERSIONS = SERVED_APIS.map((name) => apis[name])
  .filter(({ unadvertised }) => !unadvertised)
  .map(({ key, valid }) => {
    const { low, high } = boundsOf(valid);
    return { apiKey: key, minVersion: low, maxVersion: high };
  })
  .toSorted((left, right) => left.apiKey - right.apiKey);

/** From this version on a client accepts a supported feature whose minimum is 0 (KAFKA-17492). */
const ZERO_MINIMUM_VERSION = 4;

export function apiVersionsResponse(
  node: Node,
  call: { readonly apiVersion: number; readonly body: ApiVersionsRequest },
): ApiVersionsResponse {
  if (!introducesItself(call.apiVersion, call.body))
    return ApiVersions.response.fill({ errorCode: ErrorCode.INVALID_REQUEST });
  const image = stableImage(node.voter.committedImage);
  return ApiVersions.response.fill({
    apiKeys: SERVED_VERSIONS,
    supportedFeatures: SUPPORTED_FEATURES.filter(
      ({ minVersion }) => minVersion > 0 || call.apiVersion >= ZERO_MINIMUM_VERSION,
    ),
    finalizedFeaturesEpoch: image.featuresEpoch,
    finalizedFeatures: finalizedLevels(image.features).map(({ name, level }) => ({
      name,
      minVersionLevel: level,
      maxVersionLevel: level,
    })),
  });
}

/** Answers a client that asked in a version unknown here: version 0 of the response, with the range to use. */
export function unsupportedApiVersions(): ApiVersionsResponse {
  return ApiVersions.response.fill({
    errorCode: ErrorCode.UNSUPPORTED_VERSION,
    apiKeys: SERVED_VERSIONS,
  });
}
