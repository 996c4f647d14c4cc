/**
 * What a client is told about versions before it is authenticated (KIP-35, KIP-511): what the controller serves, and
 * the two APIs of SASL, which are answered here. Some clients ask once and keep that answer, so it has to be whole.
 */
import {
  ApiVersions,
  boundsOf,
  decodeResponseFrame,
  ErrorCode,
  responseFrame,
  SaslAuthenticate,
  SaslHandshake,
  type Api,
  type ApiVersionsResponse,
  type RequestPrefix,
} from "../../src/protocol/index.ts";

const SASL_APIS: readonly Api[] = [SaslHandshake, SaslAuthenticate];

export interface ToldVersions {
  readonly frame: Uint8Array;
  /** False for a refusal, after which the client may ask again. */
  readonly isServed: boolean;
}

/** The controller's answer to `request` with the APIs of SASL in it. A refusal stays as it is. */
export function withSasl(request: RequestPrefix, answer: Uint8Array): ToldVersions {
  // A controller that does not know the version answers in version 0, whose error is read alike in all.
  const apiVersion = isUnsupported(answer) ? 0 : request.apiVersion;
  const { body } = decodeResponseFrame(ApiVersions, apiVersion, answer);
  const keys = SASL_APIS.map((api) => api.key);
  const others = body.apiKeys.filter(({ apiKey }) => !keys.includes(apiKey));
  const apiKeys = [...others, ...SASL_APIS.map(rangeOf)];
  const told: ApiVersionsResponse = {
    ...body,
    apiKeys: apiKeys.toSorted((left, right) => left.apiKey - right.apiKey),
  };
  const isServed = body.errorCode === ErrorCode.NONE;
  return { frame: isServed ? responseFrame(ApiVersions, request, told) : answer, isServed };
}

/** For a version that is unknown here: version 0, which every client can read, with the range to ask in. */
export function unsupportedVersion(request: RequestPrefix): Uint8Array {
  return responseFrame(
    ApiVersions,
    { ...request, apiVersion: 0 },
    { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys: [rangeOf(ApiVersions)] },
  );
}

function rangeOf(api: Api): ApiVersionsResponse["apiKeys"][number] {
  const { low, high } = boundsOf(api.valid);
  return { apiKey: api.key, minVersion: low, maxVersion: high };
}

/** The error stands behind the correlation id. */
const isUnsupported = (answer: Uint8Array): boolean =>
  answer.byteLength >= 6 &&
  new DataView(answer.buffer, answer.byteOffset).getInt16(4) === ErrorCode.UNSUPPORTED_VERSION;
