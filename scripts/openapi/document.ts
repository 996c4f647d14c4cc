/** The document of the interface: OpenAPI 3.1, from the routes, what each does, and Kafka's APIs. */
import type { GenericSchema } from "valibot";
import { PERMISSIONS } from "../../worker/access/permissions.ts";
import { PARAMETERS, written } from "../../worker/routes/parameters.ts";
import * as answers from "./answers.ts";
import { jsonSchemaOf, type JsonSchema } from "./json-schema.ts";
import { RPC_APIS, leastRequest, requestSchema, responseSchema } from "./kafka-apis.ts";
import { OPERATIONS, type Answer, type Content, type Operation } from "./operations.ts";
import {
  PATH_PARAMETERS,
  QUERY_PARAMETERS,
  ROLES_DESCRIPTION,
  VOTERS_WAIT,
  type Parameter,
} from "./parameters.ts";

type Json = Readonly<Record<string, unknown>>;

/** Routes whose last part is a verb, and the operations that each stands for. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  "POST /kafka/v3/clusters/{action}": ["{cluster_id}:undelete"],
  "POST /kafka/v3/clusters/{cluster_id}/controllers/{action}": [
    "{node_id}:restart",
    "{node_id}:stop",
    "{node_id}:start",
    "{node_id}:replace",
  ],
  "POST /kafka/v3/clusters/{cluster_id}/brokers/{action}": ["{broker_id}:fence"],
  "POST /kafka/v3/clusters/{cluster_id}/rpc/{api}": RPC_APIS.map(({ name }) => name),
};

/** The parameters that one of them does not have, though its route knows them for another. */
const NOT_ITS: Readonly<Record<string, readonly string[]>> = {
  "{node_id}:restart": ["confirm", "wait_ms"],
  "{node_id}:stop": ["confirm", "wait_ms"],
  "{node_id}:start": ["wait_ms"],
  "{node_id}:replace": ["confirm"],
};

interface Route {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly isPublic: boolean;
}

/** The page's files are for a browser: no program asks for them. */
const isOfPage = (route: string): boolean => /^GET (\/?|\/\{folder\}\/\{file\})$/.test(route);

function routes(): readonly Route[] {
  const entries = Object.entries(PERMISSIONS).filter(([key]) => !isOfPage(written(key)));
  return entries.flatMap(([key, roles]) => {
    const route = written(key);
    const [method = "", path = ""] = route.split(" ");
    const query = PARAMETERS.get(route) ?? [];
    const isPublic = roles === null;
    return (ACTIONS[route] ?? [""]).map((action) => ({
      method,
      path: action === "" ? path : path.replace(/\{\w+\}$/, action),
      query: query.filter((name) => !(NOT_ITS[action] ?? []).includes(name)),
      isPublic,
    }));
  });
}

export function openApiDocument(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  const left = new Set(Object.keys(OPERATIONS));
  for (const route of routes()) {
    const key = `${route.method} ${route.path}`;
    left.delete(key);
    paths[route.path] = {
      ...paths[route.path],
      [route.method.toLowerCase()]: operationOf(route, key),
    };
  }
  if (left.size > 0) throw new Error(`no route has these any more: ${[...left].join(", ")}`);
  return {
    openapi: "3.1.0",
    info: {
      title: "kedge",
      version: "v3",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description:
        "Apache Kafka's metadata quorum as a serverless service: Confluent's REST v3 where it has a word for it, and resources of its own in the same style.",
    },
    servers: [{ url: "/" }],
    security: [{ token: [] }, { password: [] }],
    paths,
    components: components(),
  };
}

const components = (): Json => ({
  securitySchemes: {
    token: { type: "http", scheme: "bearer", description: ROLES_DESCRIPTION },
    password: {
      type: "http",
      scheme: "basic",
      description: "The token as the password, and any user name.",
    },
  },
  responses: {
    Refusal: {
      description: "A refusal; its number and its sentence say why.",
      content: { "application/json": { schema: { $ref: "#/components/schemas/Refusal" } } },
    },
  },
  schemas: {
    ...Object.fromEntries(
      Object.entries(answers).map(([name, schema]) => [name, jsonSchemaOf(schema)]),
    ),
    ...Object.fromEntries(
      RPC_APIS.flatMap((api) => [
        [`${api.name}Request`, requestSchema(api)],
        [`${api.name}Response`, responseSchema(api)],
      ]),
    ),
  },
});

function operationOf(route: Route, key: string): Json {
  const api = RPC_APIS.find(({ name }) => route.path.endsWith(`/rpc/${name}`));
  if (api !== undefined) {
    const { name } = api;
    return {
      operationId: name,
      summary: `${api.unadvertised ? name : `Kafka's ${name}`}, in Kafka's JSON form`,
      ...securityOf(route),
      parameters: parametersOf(route, {}, versionsOfApi(api)),
      requestBody: {
        required: true,
        content: {
          "application/json": {
            schema: { $ref: `#/components/schemas/${name}Request` },
            example: leastRequest(api),
          },
        },
      },
      responses: {
        200: {
          description: "Kafka's answer, which may be a refusal: `Kafka-Error` names the first.",
          content: {
            "application/json": { schema: { $ref: `#/components/schemas/${name}Response` } },
          },
        },
        ...refusalsOf(route, { body: true, refusals: [] }),
      },
    };
  }
  const operation = OPERATIONS[key];
  if (operation === undefined) throw new Error(`nothing is said of ${key}`);
  return {
    operationId: idOf(route),
    summary: operation.summary,
    ...securityOf(route),
    parameters: parametersOf(route, operation),
    ...(operation.body === undefined ? {} : { requestBody: bodyOf(operation) }),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.answers).map(([status, answer]) => [status, answerOf(answer)]),
      ),
      ...refusalsOf(route, {
        body: operation.body !== undefined,
        refusals: operation.refusals ?? [],
      }),
    },
  };
}

const securityOf = ({ isPublic }: Route): Json => (isPublic ? { security: [] } : {});

const idOf = ({ method, path }: Route): string =>
  `${method.toLowerCase()}${path
    .replace("/kafka/v3", "")
    .replace("/clusters/{cluster_id}", "/cluster")
    .split(/[^A-Za-z]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("")}`;

function versionsOfApi({ request: { valid } }: (typeof RPC_APIS)[number]): Parameter {
  const [low = "0", high = low] = valid.split("-");
  return {
    schema: { type: "integer", minimum: Number(low), maximum: Number(high) },
    description: "The version of the API; the highest by default.",
  };
}

function parametersOf(
  route: Route,
  { example }: Pick<Operation, "example">,
  version?: Parameter,
): readonly Json[] {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => {
    const parameter = known(PATH_PARAMETERS, name);
    const given = example?.path?.[name] ?? parameter.example;
    return { name, in: "path", required: true, ...shown(parameter), example: given };
  });
  const inQuery = route.query.map((name) => {
    const parameter = queryParameter(route, name, version);
    const given = example?.query?.[name] ?? parameter.example;
    return {
      name,
      in: "query",
      ...(isWanted(route, name) ? { required: true } : {}),
      ...shown(parameter),
      ...(given === undefined
        ? {}
        : { example: parameter.schema["type"] === "integer" ? Number(given) : given }),
    };
  });
  return [...inPath, ...inQuery];
}

function queryParameter({ path }: Route, name: string, version?: Parameter): Parameter {
  if (name === "version" && version !== undefined) return version;
  if (name === "wait_ms" && path.includes("/controllers")) return VOTERS_WAIT;
  if (name === "cluster_id") return known(PATH_PARAMETERS, name);
  return known(QUERY_PARAMETERS, name);
}

/** What a deletion is of has to be said, and where a comparison begins. */
const isWanted = ({ method, path }: Route, name: string): boolean =>
  (name === "from" && path.endsWith("/metadata-diff")) ||
  (name === "gateway_id" && method === "GET") ||
  (method === "DELETE" &&
    path.endsWith("/acls") &&
    ["resource_type", "pattern_type", "operation", "permission"].includes(name));

function known(table: Readonly<Record<string, Parameter>>, name: string): Parameter {
  const parameter = table[name];
  if (parameter === undefined) throw new Error(`nothing is said of the parameter ${name}`);
  return parameter;
}

const shown = ({ schema, description }: Parameter): Json => ({ schema, description });

const isSchema = (answer: Exclude<Answer, null>): answer is GenericSchema => "~run" in answer;

function bodyOf({ body, mayLackBody, example }: Operation): Json {
  return {
    required: mayLackBody !== true,
    content: contentOf(body ?? null, example?.body),
  };
}

function answerOf(answer: Answer): Json {
  if (answer === null) return { description: "Done." };
  const [first] = isSchema(answer) ? [] : typesOf(answer);
  return { description: first?.description ?? "Done.", content: contentOf(answer) };
}

function contentOf(body: Answer, example?: unknown): Json {
  if (body === null) return {};
  const said = example === undefined ? {} : { example };
  if (isSchema(body)) return { "application/json": { schema: schemaOf(body), ...said } };
  return Object.fromEntries(typesOf(body).map(({ type }) => [type, said]));
}

const typesOf = (answer: Content | readonly Content[]): readonly Content[] =>
  "type" in answer ? [answer] : answer;

/** By name where it has one. */
function schemaOf(schema: GenericSchema): JsonSchema {
  const name = Object.entries(answers).find(([, each]) => each === schema)?.[0];
  return name === undefined ? jsonSchemaOf(schema) : { $ref: `#/components/schemas/${name}` };
}

interface Taking {
  readonly body: boolean;
  readonly refusals: readonly number[];
}

/** What any route of its kind may be refused with. */
function refusalsOf({ method, path, isPublic }: Route, { body, refusals }: Taking): Json {
  const statuses = [
    400,
    403,
    ...(isPublic ? [] : [401, 429, 503]),
    ...(path.includes("{cluster_id}") ? [404, 410] : []),
    ...(body ? [413, 415] : []),
    ...(method === "GET" ? [] : [409]),
    ...refusals,
  ];
  const sorted = [...new Set(statuses)].toSorted((one, other) => one - other);
  return Object.fromEntries(
    sorted.map((status) => [status, { $ref: "#/components/responses/Refusal" }]),
  );
}
