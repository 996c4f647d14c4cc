/** The parameters of paths and queries: what each may be, and one that a client could send. */
import { ROLE_NAMES } from "../../src/access/index.ts";
import type { JsonSchema } from "./json-schema.ts";

export interface Parameter {
  readonly schema: JsonSchema;
  readonly description: string;
  readonly example?: string | number;
}

const OFFSET = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const ID = { type: "integer", minimum: 0, maximum: 0x7fff_ffff } as const;
const TEXT = { type: "string" } as const;
const word = (description: string): Parameter => ({ schema: TEXT, description });

/** A cluster that the examples are about, under an id that a client may choose. */
export const EXAMPLE_CLUSTER = "4L6g3nShT-eMCtK--X86sw";

export const PATH_PARAMETERS: Readonly<Record<string, Parameter>> = {
  cluster_id: {
    schema: { type: "string", pattern: "^[A-Za-z0-9_][A-Za-z0-9_-]{20}[AQgw]$" },
    description: "A Kafka uuid: 22 characters of base64url.",
    example: EXAMPLE_CLUSTER,
  },
  node_id: { schema: ID, description: "The id of a controller.", example: 3000 },
  broker_id: { schema: ID, description: "The id of a broker.", example: 1 },
  topic_name: {
    schema: { type: "string", pattern: "^[A-Za-z0-9._-]{1,249}$" },
    description: "The name of a topic.",
    example: "orders",
  },
  partition_id: { schema: ID, description: "The number of a partition.", example: 0 },
  name: {
    schema: { type: "string", minLength: 1 },
    description: "Kafka's name of it.",
    example: "retention.ms",
  },
  entity: {
    schema: { type: "string", minLength: 1 },
    description:
      "Whom quotas are of, as metadata.self has it: each type with a name, encoded as in an address, or <default>.",
    example: "user=ann",
  },
  user: { schema: { type: "string", minLength: 1 }, description: "A user's name.", example: "ann" },
  id: {
    schema: { type: "string", pattern: "^([0-9]{1,16}-[0-9]{1,10}|latest)$" },
    description: "`{end_offset}-{epoch}`.",
    example: "100-1",
  },
  path: {
    schema: { type: "string", minLength: 1 },
    description: "Whatever follows.",
    example: "g",
  },
};

export const QUERY_PARAMETERS: Readonly<Record<string, Parameter>> = {
  min_offset: {
    schema: { ...OFFSET, minimum: -1 },
    description: "The answer reflects the record at this offset.",
  },
  wait_ms: {
    schema: { type: "integer", minimum: 0, maximum: 30_000 },
    description: "How long to wait for what is asked for.",
  },
  max_staleness_ms: {
    schema: { type: "integer", minimum: 0, maximum: 3_600_000 },
    description: "The answer reflects all that was committed so long ago.",
  },
  consistency: {
    schema: { type: "string", enum: ["linearizable"] },
    description: "The answer reflects all that was committed when the request came.",
  },
  at_offset: { schema: OFFSET, description: "The state at this offset, or just below." },
  at_time: {
    schema: {
      type: "string",
      pattern:
        "^([0-9]{1,15}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2}))$",
    },
    description: "The state then, in milliseconds since 1970 or ISO 8601 with its zone.",
  },
  page_size: {
    schema: { type: "integer", minimum: 1, maximum: 5_000 },
    description: "How many items a page has at most.",
  },
  page_token: word("Where a page begins, as `metadata.next` of the one before says it."),
  deleted: {
    schema: { type: "string", enum: ["true", "false"] },
    description: "The clusters that are deleted and not wiped yet.",
  },
  purge: word("The id of the cluster, said again: it is wiped now, for ever."),
  confirm: word("What a controller that tripped wants to be told."),
  gateway_id: {
    schema: { type: "string", pattern: "^[A-Za-z0-9_-]{1,64}$" },
    description: "Drawn by each gateway for itself.",
    example: "g1",
  },
  includeAuthorizedOperations: {
    schema: { type: "string", enum: ["true", "false"] },
    description: "`true` is a broker's to answer, and a 501 here.",
  },
  include_authorized_operations: {
    schema: { type: "string", enum: ["true", "false"] },
    description: "`true` is a broker's to answer, and a 501 here.",
  },
  resource_type: word("TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID, DELEGATION_TOKEN, USER or ANY."),
  resource_name: word("The name of the resource; any when left out."),
  pattern_type: word("LITERAL, PREFIXED, MATCH or ANY."),
  principal: word("Such as `User:ann`; any when left out."),
  host: word("An address, or `*` for entries about all; any when left out."),
  operation: word("READ, WRITE and so on, or ANY."),
  permission: word("ALLOW, DENY or ANY."),
  offset_type: word("Whatever it is, a broker is to be asked."),
  from_offset: { schema: OFFSET, description: "Where the range begins.", example: 0 },
  from_epoch: {
    schema: { type: "integer", minimum: 0, maximum: 0x7fff_ffff },
    description:
      "The epoch of the record before; where the log has another there, it has diverged.",
  },
  types: word("The types of records to show, with commas between them."),
  topics: word("The names of the topics to show records of, with commas between them."),
  max_bytes: {
    schema: { type: "integer", minimum: 0, maximum: 8 * 1024 * 1024 },
    description: "About how large the range may be.",
  },
  from: { schema: OFFSET, description: "The offset to begin at.", example: 0 },
  to: { schema: OFFSET, description: "The offset to end at; the newest committed by default." },
};

/** How long a change of the voters may be waited for. */
export const VOTERS_WAIT: Parameter = {
  schema: { type: "integer", minimum: 0, maximum: 60_000 },
  description: "How long to wait for the change.",
};

export const ROLES_DESCRIPTION = `A token of kedge, of one of these roles: ${ROLE_NAMES.join(", ")}.`;
