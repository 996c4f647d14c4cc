/**
 * `/acls`: who may do what in a cluster. Entries are found, created and deleted by the controller APIs of that name, in
 * the name of who asks: where the cluster has an authorizer, that one decides; without one Kafka has no ACLs.
 */
import { Hono } from "hono";
import type * as v from "valibot";
import {
  CreateAcls,
  DeleteAcls,
  DescribeAcls,
  type CreateAclsRequest,
  type DescribeAclsRequest,
} from "../../src/protocol/index.ts";
import { bodyOf } from "../http/body-fields.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { fieldsOf, invalid, listOf, text } from "../http/fields.ts";
import { itemsOf, pageAsked } from "../http/lists.ts";
import { answerList } from "../observer/metadata-read.ts";
import { addressOf } from "../http/resources.ts";
import {
  ACL_FIELDS,
  entryWord,
  filterCode,
  OPERATIONS,
  PATTERN_TYPES,
  PERMISSIONS,
  RESOURCE_TYPES,
  wordOf,
  type AclField,
} from "./acl-words.ts";
import { callForAsker, refuseUnless } from "./asker-calls.ts";

const VERSION = 3;

/** An entry as an answer shows it, but for its address. */
type Acl = Readonly<Record<AclField, string>>;
type Creation = CreateAclsRequest["creations"][number];

export const ACL_CREATION = fieldsOf({
  resource_type: entryWord(RESOURCE_TYPES),
  resource_name: text,
  pattern_type: entryWord(PATTERN_TYPES),
  principal: text,
  host: text,
  operation: entryWord(OPERATIONS),
  permission: entryWord(PERMISSIONS),
});

export const ACL_CREATIONS = fieldsOf({ data: listOf(ACL_CREATION) });

export const acls = new Hono<Scope>();

acls.get("/acls", async (context) => {
  const page = pageAsked(context);
  const request = filterOf(context, "ANY");
  const found = await callForAsker(context, { api: DescribeAcls, version: VERSION, request });
  refuseUnless(found, "acls");
  const entries = found.resources.flatMap(({ acls: of, ...pattern }) =>
    of.map((entry) => aclOf({ ...pattern, ...entry })),
  );
  const items = itemsOf(sorted(entries), ({ key, acl }) => ({
    key,
    show: () => aclData(context, acl),
  }));
  return answerList(context, { kind: "KafkaAclList", items }, page);
});

acls.post("/acls", async (context) => {
  const creation = creationOf(await bodyOf(context.req.raw, ACL_CREATION));
  await create(context, [creation]);
  const { resourcePatternType: patternType, ...rest } = creation;
  const Location = aclAddress(context, aclOf({ ...rest, patternType }));
  return context.body(null, 201, { Location });
});

/** One call for all of them: what is refused of it is named, and the others are created, as Kafka's API has it. */
acls.post("/acls:batch", async (context) => {
  const { data } = await bodyOf(context.req.raw, ACL_CREATIONS);
  await create(context, data.map(creationOf));
  return context.body(null, 201);
});

acls.delete("/acls", async (context) => {
  const request = { filters: [filterOf(context, null)] };
  const call = { api: DeleteAcls, version: VERSION, request };
  const [result] = (await callForAsker(context, call)).filterResults;
  refuseUnless(result, "acls");
  const deleted = result?.matchingAcls ?? [];
  for (const each of deleted) refuseUnless(each, "acls");
  return context.json({
    data: sorted(deleted.map(aclOf)).map(({ acl }) => aclData(context, acl)),
  });
});

/** What the query means. A kind of words that it leaves out is `otherwise`; with null it may not be left out. */
function filterOf({ req }: ScopedContext, otherwise: "ANY" | null): DescribeAclsRequest {
  const wordIn = (name: AclField): string => {
    const word = req.query(name) ?? otherwise;
    if (word === null) throw invalid(name, "given: to delete entries of any, say ANY");
    return word;
  };
  // A name that is empty is no name, as Confluent has it.
  const nameIn = (name: AclField): string | null => req.query(name) || null;
  return {
    resourceTypeFilter: filterCode(RESOURCE_TYPES, wordIn("resource_type"), "resource_type"),
    resourceNameFilter: nameIn("resource_name"),
    patternTypeFilter: filterCode(PATTERN_TYPES, wordIn("pattern_type"), "pattern_type"),
    principalFilter: nameIn("principal"),
    hostFilter: nameIn("host"),
    operation: filterCode(OPERATIONS, wordIn("operation"), "operation"),
    permissionType: filterCode(PERMISSIONS, wordIn("permission"), "permission"),
  };
}

const creationOf = (acl: v.InferOutput<typeof ACL_CREATION>): Creation => ({
  resourceType: acl.resource_type,
  resourceName: acl.resource_name,
  resourcePatternType: acl.pattern_type,
  principal: acl.principal,
  host: acl.host,
  operation: acl.operation,
  permissionType: acl.permission,
});

async function create(context: ScopedContext, creations: readonly Creation[]): Promise<void> {
  const call = { api: CreateAcls, version: VERSION, request: { creations } };
  const { results } = await callForAsker(context, call);
  for (const [at, result] of results.entries()) {
    refuseUnless(result, creations.length > 1 ? `data[${at}]` : "the entry");
  }
}

/** An entry in Kafka's numbers. */
interface NumberedAcl {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

const aclOf = (entry: NumberedAcl): Acl => ({
  resource_type: wordOf(RESOURCE_TYPES, entry.resourceType),
  resource_name: entry.resourceName,
  pattern_type: wordOf(PATTERN_TYPES, entry.patternType),
  principal: entry.principal,
  host: entry.host,
  operation: wordOf(OPERATIONS, entry.operation),
  permission: wordOf(PERMISSIONS, entry.permissionType),
});

/** By all their fields, in the order of the fields. The key is as unique as the entry. */
function sorted(entries: readonly Acl[]): readonly { readonly key: string; readonly acl: Acl }[] {
  return entries
    .map((acl) => ({ key: JSON.stringify(ACL_FIELDS.map((name) => acl[name])), acl }))
    .toSorted((one, other) => (one.key < other.key ? -1 : 1));
}

function aclData(context: ScopedContext, acl: Acl) {
  return {
    kind: "KafkaAcl",
    metadata: { self: aclAddress(context, acl) },
    cluster_id: context.var.entry.cluster_id,
    ...acl,
  };
}

/** An entry has no name: its address is the search that finds it alone. */
function aclAddress(context: ScopedContext, acl: Acl): string {
  const address = addressOf(context, "clusters", context.var.entry.cluster_id, "acls");
  return `${address}?${new URLSearchParams(acl).toString()}`;
}
