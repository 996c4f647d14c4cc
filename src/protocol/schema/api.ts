/**
 * An API: a request, its response, and what is true of both at every version. The two messages share their versions and
 * are declared together, so that one file tells the whole conversation: what is asked, what is answered, how a refusal
 * looks, and what kind of request it is.
 *
 * The *traits* are what Kafka keeps in `ApiKeys` and in the handlers of `ControllerApis`. They are facts about the API,
 * not about this build: an API is forwardable whether or not it is served here. Code that routes, repeats or authorizes
 * requests asks the declaration and keeps no list of names.
 *
 * `api` is called when a message's module is loaded, and makes no codec: those are built version by version when they
 * are first asked for, so that APIs which a process never speaks cost its start next to nothing.
 */
/* oxlint-disable typescript/no-unsafe-type-assertion -- the constraint `Api` forgets which fields an API has; what its own schema made is its own */
import type { Decoded, Fields, Partially } from "./field.ts";
import { message, type Message } from "./message.ts";
import type { Range } from "./versions.ts";

/** Why nothing was done, as Kafka's `ApiError`: a code, and words where the API has a field for them. */
export interface ApiError {
  readonly errorCode: number;
  /** Tools print it word for word; null leaves them the code's own words. */
  readonly errorMessage: string | null;
}

/** A request's value, and the version in which it came and will be answered: what a decoded frame has. */
export interface VersionedBody<Body> {
  readonly apiVersion: number;
  readonly body: Body;
}

/** What kind of request an API is. A trait that is left out is false. */
export interface ApiTraits {
  /**
   * A broker may forward it inside an Envelope (KIP-590), in the name of the client that sent it. Kafka: the flag of
   * the same name in `ApiKeys`. An Envelope with anything else inside is INVALID_REQUEST.
   */
  readonly forwardable: boolean;
  /**
   * Only a node of the cluster may ask it: with an authorizer it needs CLUSTER_ACTION on the cluster. Kafka: what the
   * handler in `ControllerApis` demands. The flag of that name in `ApiKeys` is older and means less: it is set for
   * DescribeQuorum and UpdateFeatures, which tools send, and missing for Fetch and AssignReplicasToDirs.
   */
  readonly clusterAction: boolean;
  /**
   * It may be executed twice: it changes nothing, or says something that holds as well the second time. A call without
   * an answer, which may or may not have been executed, can then be sent again. Ours: Kafka's clients decide it one by
   * one.
   */
  readonly repeatable: boolean;
  /**
   * It is spoken as frames alone and has no place in a JSON API: it is the quorum's own traffic, whose sender must be
   * a replica, or it carries bytes that JSON does not make readable. Ours: Kafka has no JSON API.
   */
  readonly framesOnly: boolean;
  /**
   * It is no API of Kafka's, and ApiVersions does not name it: a broker tells its clients what its controllers tell it,
   * and nobody is to be told of a key that Kafka may give to something else. Ours.
   */
  readonly unadvertised: boolean;
}

export interface Api<
  Name extends string = string,
  Request extends Fields = Fields,
  Response extends Fields = Fields,
> extends ApiTraits {
  readonly key: number;
  readonly name: Name;
  readonly valid: Range;
  readonly flexible: Range | "none";
  readonly request: Message<Request>;
  readonly response: Message<Response>;
  /**
   * The response that refuses the whole of `request`, in the shape in which Kafka's clients look for it: at the top
   * where the response has a code there, and on every item that was asked for where items have one. Kafka:
   * `AbstractRequest.getErrorResponse`. Generic code calls the function of that name below, which keeps the types.
   */
  errorResponse(request: VersionedBody<Decoded<Request>>, error: ApiError): Decoded<Response>;
}

/** The value of an API's request, all keys present. */
export type RequestOf<A extends Api> = Decoded<A["request"]["fields"]>;
/** The value of an API's response, all keys present. */
export type ResponseOf<A extends Api> = Decoded<A["response"]["fields"]>;

export interface ApiHeader<Name extends string> extends Partial<ApiTraits> {
  readonly key: number;
  readonly name: Name;
  readonly valid: Range;
  readonly flexible: Range | "none";
}

/** The two messages of an API, and how they meet when a request is refused as a whole. */
export interface Halves<Request extends Fields, Response extends Fields> {
  readonly request: Request;
  readonly response: Response;
  /**
   * What differs from the defaults in the response that refuses `request`. Few ask for the version: only where a code
   * stands in a field that not all versions have.
   */
  readonly errorResponse: (
    request: Decoded<NoInfer<Request>>,
    error: ApiError,
    version: number,
  ) => Partially<Decoded<NoInfer<Response>>>;
}

export function api<
  const Name extends string,
  const Request extends Fields,
  const Response extends Fields,
>(header: ApiHeader<Name>, halves: Halves<Request, Response>): Api<Name, Request, Response> {
  const { name, key, valid, flexible } = header;
  const versions = { valid, flexible };
  const response = message({ ...versions, name: `${name}Response` }, halves.response);
  return {
    key,
    name,
    ...versions,
    forwardable: header.forwardable ?? false,
    clusterAction: header.clusterAction ?? false,
    repeatable: header.repeatable ?? false,
    framesOnly: header.framesOnly ?? false,
    unadvertised: header.unadvertised ?? false,
    request: message({ ...versions, name: `${name}Request` }, halves.request),
    response,
    errorResponse: ({ body, apiVersion }, error) =>
      response.fill(halves.errorResponse(body, error, apiVersion)),
  };
}

/**
 * The response of `schema` that refuses the whole of `request`, for code that is generic in the API.
 *
 * The cast: inside a function over `A extends Api` the compiler sees `schema` as the bare `Api`, whose method takes and
 * gives any record. Request and response come from one and the same schema here, which the signature says and the
 * caller is held to; only this function's body cannot be.
 */
export function errorResponse<A extends Api>(
  schema: A,
  request: VersionedBody<RequestOf<A>>,
  error: ApiError,
): ResponseOf<A> {
  return schema.errorResponse(request, error) as ResponseOf<A>;
}
