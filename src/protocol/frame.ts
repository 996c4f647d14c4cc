/**
 * Whole frames: header and body, without the four bytes of size that TCP needs and HTTP does not. A frame says which
 * API and version it is, so a decoded request carries its own type.
 *
 * Header v2 (requests) and v1 (responses) belong to the flexible versions of an API (KIP-482); the response of
 * ApiVersions always has header v0, so that a client of any age can read it (KIP-511).
 */
import type { ApiName } from "./api-keys.ts";
import { apiByKey, type Apis } from "./apis.ts";
import { inMessage } from "./bytes/errors.ts";
import { Reader } from "./bytes/reader.ts";
import { Writer } from "./bytes/writer.ts";
import { ApiVersions } from "./messages/api-versions.ts";
import { RequestHeader } from "./messages/request-header.ts";
import { ResponseHeader } from "./messages/response-header.ts";
import type { Api, RequestOf, ResponseOf } from "./schema/api.ts";
import type { Encodable } from "./schema/field.ts";

/** What every request begins with, whatever its header version. */
export interface RequestPrefix {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
}

interface FrameOf<Name extends ApiName> extends RequestPrefix {
  readonly name: Name;
  readonly clientId: string | null;
  readonly body: RequestOf<Apis[Name]>;
}

/**
 * A decoded request of a known API at a known version; `name` tells the type of `body`. The union is written as a
 * mapped type that is indexed at once: that is the form in which the compiler keeps name and body together in code
 * that is generic in `Name`, and lets it look a name up in a table of handlers without a cast.
 */
export type RequestFrame<Name extends ApiName = ApiName> = { [N in Name]: FrameOf<N> }[Name];

/** The value of the response of the API called `Name`. */
export type ResponseBody<Name extends ApiName> = ResponseOf<Apis[Name]>;

/** A request of an API or a version that this listener does not speak: no more than its prefix can be read. */
export interface UnsupportedRequest extends RequestPrefix {
  readonly name: null;
}

/** Reads the prefix alone, which all header versions share. Fewer than 8 bytes are a `DecodeError`. */
export function peekRequest(frame: Uint8Array): RequestPrefix {
  try {
    const reader = new Reader(frame);
    return {
      apiKey: reader.int16(),
      apiVersion: reader.int16(),
      correlationId: reader.int32(),
    };
  } catch (error) {
    throw inMessage(error, RequestHeader.name, 1);
  }
}

/**
 * Decodes a request. The whole frame must be used up; otherwise, or if anything in it is malformed, a `DecodeError`.
 * Fields of type bytes are views of `frame`.
 */
export function decodeRequestFrame(frame: Uint8Array): RequestFrame | UnsupportedRequest {
  const prefix = peekRequest(frame);
  const api = apiByKey(prefix.apiKey);
  if (api === undefined || !api.request.supports(prefix.apiVersion)) {
    return { name: null, ...prefix };
  }
  const reader = new Reader(frame);
  const { clientId } = RequestHeader.at(requestHeaderVersion(api, prefix.apiVersion)).readPart(
    reader,
  );
  const body = api.request.at(prefix.apiVersion).read(reader);
  const decoded = { name: api.name, ...prefix, clientId, body };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the key has chosen name and body together
  return decoded as unknown as RequestFrame;
}

/** Encodes a request. */
export function requestFrame<A extends Api>(
  api: A,
  header: Omit<RequestPrefix, "apiKey"> & { readonly clientId: string | null },
  body: Encodable<A["request"]["fields"]>,
): Uint8Array<ArrayBuffer> {
  const { apiVersion, correlationId, clientId } = header;
  const writer = new Writer();
  RequestHeader.at(requestHeaderVersion(api, apiVersion)).write(writer, {
    requestApiKey: api.key,
    requestApiVersion: apiVersion,
    correlationId,
    clientId,
  });
  api.request.at(apiVersion).write(writer, body);
  return writer.bytes();
}

/**
 * Encodes the response to a request; the request itself will do as `to`. `body` may be a whole value or what encoding
 * takes: to the compiler, while it does not know the API, these are two types.
 */
export function responseFrame<A extends Api>(
  api: A,
  to: Omit<RequestPrefix, "apiKey">,
  body: Encodable<A["response"]["fields"]> | ResponseOf<A>,
): Uint8Array<ArrayBuffer> {
  const { apiVersion, correlationId } = to;
  const header = ResponseHeader.at(responseHeaderVersion(api, apiVersion));
  const codec = api.response.at(apiVersion);
  // One may carry 8 MiB of the log: a buffer that grew into it would be twice as large, and then be copied.
  const writer = new Writer(header.size({ correlationId }) + codec.size(body));
  header.write(writer, { correlationId });
  codec.write(writer, body);
  return writer.bytes();
}

export interface ResponseFrame<A extends Api> {
  readonly correlationId: number;
  readonly body: ResponseOf<A>;
}

/** Decodes the response to a request of `api` that was sent at `apiVersion`. Faults as `decodeRequestFrame`. */
export function decodeResponseFrame<A extends Api>(
  api: A,
  apiVersion: number,
  frame: Uint8Array,
): ResponseFrame<A> {
  const reader = new Reader(frame);
  const header = ResponseHeader.at(responseHeaderVersion(api, apiVersion)).readPart(reader);
  const body = api.response.at(apiVersion).read(reader);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the body is what this very API has read
  return { correlationId: header.correlationId, body: body as ResponseOf<A> };
}

const requestHeaderVersion = (api: Api, version: number): number =>
  api.request.isFlexible(version) ? 2 : 1;

const responseHeaderVersion = (api: Api, version: number): number =>
  api.key !== ApiVersions.key && api.response.isFlexible(version) ? 1 : 0;
