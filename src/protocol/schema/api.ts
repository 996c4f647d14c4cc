/**
 * An API: a request and its response. They share their versions and are declared together, so that a file tells the
 * whole conversation.
 */
import type { Decoded, Fields } from "./field.ts";
import { message, type Message } from "./message.ts";
import type { Range } from "./versions.ts";

export interface Api<
  Name extends string = string,
  Request extends Fields = Fields,
  Response extends Fields = Fields,
> {
  readonly key: number;
  readonly name: Name;
  readonly valid: Range;
  readonly flexible: Range | "none";
  readonly request: Message<Request>;
  readonly response: Message<Response>;
}

/** The value of an API's request, all keys present. */
export type RequestOf<A extends Api> = Decoded<A["request"]["fields"]>;
/** The value of an API's response, all keys present. */
export type ResponseOf<A extends Api> = Decoded<A["response"]["fields"]>;

export interface ApiHeader<Name extends string> {
  readonly key: number;
  readonly name: Name;
  readonly valid: Range;
  readonly flexible: Range | "none";
}

export function api<
  const Name extends string,
  const Request extends Fields,
  const Response extends Fields,
>(
  header: ApiHeader<Name>,
  halves: { readonly request: Request; readonly response: Response },
): Api<Name, Request, Response> {
  const { name } = header;
  return {
    ...header,
    request: message({ ...header, name: `${name}Request` }, halves.request),
    response: message({ ...header, name: `${name}Response` }, halves.response),
  };
}
