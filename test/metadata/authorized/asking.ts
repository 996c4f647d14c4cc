/**
 * A small cluster with ACLs, and operations run in it for somebody, with the authorizer between. Whatever is denied,
 * the response must be one that its API can say, and the records such as replay takes.
 */
import { DEFAULT_CONTROLLER_CONFIG } from "../default-config.ts";
import {
  controllerApis,
  runAuthorized,
  type AuthorizedResult,
  type AuthorizerSettings,
  type ControlContext,
  type ControlOperation,
  type ControlResult,
  type MetadataImage,
} from "../../../src/metadata/index.ts";
import {
  apis,
  boundsOf,
  responseFrame,
  ErrorCode,
  type Api,
  type ApiName,
  type Apis,
  type ResponseOf,
} from "../../../src/protocol/index.ts";
import { entry } from "../access/acl-notation.ts";
import { uuidOf } from "../record-streams.ts";
import { TOKEN_KEY } from "../token-key.ts";
import { contextFor, lawfullyReplayed, record, replayed, topicIdOf, world } from "../world.ts";

/** Topics "orders" and "stock" of two partitions, and brokers 0 and 1. */
export const CLUSTER: MetadataImage = world({
  brokers: "0 1",
  topics: {
    orders: ["0,1 / 0,1 / 0 / 1 / 1", "1,0 / 0,1 / 1 / 1 / 1"],
    stock: ["0,1 / 0,1 / 0 / 1 / 1", "1,0 / 0,1 / 1 / 1 / 1"],
  },
});

export const ORDERS = topicIdOf(0);
export const STOCK = topicIdOf(1);
export const NO_TOPIC = topicIdOf(2);

/** The cluster with access control entries, in the words of `../access/acl-notation.ts`. */
export const withAcls = (lines: readonly string[], cluster = CLUSTER): MetadataImage =>
  replayed(
    cluster,
    lines.map((line, at) =>
      record("ACCESS_CONTROL_ENTRY_RECORD", 0, { ...entry(line), id: uuidOf(1_000 + at) }),
    ),
  );

export const SETTINGS: AuthorizerSettings = {
  superUsers: new Set(["User:root"]),
  allowEveryoneIfNoAclFound: false,
};

export interface Asking {
  readonly acls?: readonly string[];
  /** "ann", from 10.0.0.1, unless it is said. */
  readonly who?: string;
  readonly settings?: AuthorizerSettings;
  readonly cluster?: MetadataImage;
  readonly context?: Partial<ControlContext>;
}

const contextOf = (
  name: ApiName,
  view: MetadataImage,
  { who = "ann", context = {} }: Asking,
): ControlContext =>
  contextFor(view, {
    apiVersion: boundsOf(apis[name].valid).high,
    caller: {
      principal: { type: "User", name: who, tokenAuthenticated: false },
      isForwarded: true,
      clientAddress: "10.0.0.1",
    },
    config: { ...DEFAULT_CONTROLLER_CONFIG, defaultReplicationFactor: 2 },
    delegationTokenKey: TOKEN_KEY,
    ...context,
  });

export const operationOf = <Name extends ApiName>(name: Name): ControlOperation<Apis[Name]> => {
  const operation: ControlOperation<Apis[Name]> | undefined = controllerApis[name];
  if (operation === undefined) throw new RangeError(`no operation answers ${name}`);
  return operation;
};

/** Runs an operation for somebody; `parts` fill its request. */
export function asked<Name extends ApiName>(
  name: Name,
  parts: object,
  asking: Asking = {},
): AuthorizedResult<ResponseOf<Apis[Name]>> {
  const view = withAcls(asking.acls ?? [], asking.cluster);
  const context = contextOf(name, view, asking);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parts are the test's own
  const request = apis[name].request.fill(parts) as never;
  const call = { operation: operationOf(name), view, request, context };
  const result = runAuthorized(name, call, asking.settings ?? SETTINGS);
  responseFrame<Api>(apis[name], { ...context, correlationId: 1 }, result.response);
  lawfullyReplayed(view, result.records);
  return result;
}

/** What the operation itself gives, nobody being asked. */
export function unasked<Name extends ApiName>(
  name: Name,
  parts: object,
  asking: Asking = {},
): ControlResult<ResponseOf<Apis[Name]>> {
  const view = withAcls(asking.acls ?? [], asking.cluster);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parts are the test's own
  const request = apis[name].request.fill(parts) as never;
  return operationOf(name).run(view, request, contextOf(name, view, asking));
}

/** Every error in a response with its words, in order, and nothing where there is none. */
export function errorsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(errorsIn);
  if (value === null || typeof value !== "object") return [];
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const { errorCode, errorMessage } = fields;
  const name = Object.entries(ErrorCode).find(([, code]) => code === errorCode)?.[0];
  const own = name === undefined || name === "NONE" ? [] : [[name, errorMessage].filter(Boolean)];
  return [...own.map((words) => words.join(": ")), ...Object.values(fields).flatMap(errorsIn)];
}

/** "ALTER TOPIC =orders", of all that was denied. */
export const denialsIn = ({ denials }: AuthorizedResult<unknown>): readonly string[] =>
  denials.map(
    ({ access: { operation, resourceType, resourceName } }) =>
      `${operation} ${resourceType} =${resourceName}`,
  );
