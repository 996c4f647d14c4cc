/** Who may do what in a cluster that has an authorizer; in another, each call is refused with SECURITY_DISABLED. */
import type { Asking, ClusterCalls, Listed } from "./cluster-calls.ts";

/** All in Kafka's words, as TOPIC, LITERAL, `User:ann`, READ, ALLOW. */
export interface Acl {
  readonly resource_type: string;
  readonly resource_name: string;
  readonly pattern_type: string;
  readonly principal: string;
  readonly host: string;
  readonly operation: string;
  readonly permission: string;
}

/** What is left out means any, and so does ANY. */
export type AclFilter = Partial<Acl>;

/** Of a deletion these have to be said. */
export type AclDeletion = AclFilter &
  Pick<Acl, "resource_type" | "pattern_type" | "operation" | "permission">;

export interface Acls {
  list(filter?: AclFilter, asking?: Asking): Promise<readonly Acl[]>;
  /** To create an entry that is there changes nothing. Several are not all or none: the first refusal is told. */
  create(entries: readonly Acl[], asking?: Asking): Promise<void>;
  /** The entries that were deleted. */
  delete(filter: AclDeletion, asking?: Asking): Promise<readonly Acl[]>;
}

export const aclsOf = ({ ask, write }: ClusterCalls): Acls => ({
  list: async (filter = {}, asking) =>
    (await ask<Listed<Acl>>(["acls"], asking, { ...filter })).data,
  create: async (entries, asking) => {
    const data = entries.map(ownFields);
    await write(["acls"], { tail: ":batch", body: { data }, repeatable: true }, asking);
  },
  delete: async (filter, asking) => {
    const change = { method: "DELETE", parameters: { ...filter } } as const;
    return (await write<Listed<Acl>>(["acls"], change, asking)).body.data;
  },
});

/** An entry of a list has more fields than one that is created may have. */
const ownFields = (acl: Acl): Acl => ({
  resource_type: acl.resource_type,
  resource_name: acl.resource_name,
  pattern_type: acl.pattern_type,
  principal: acl.principal,
  host: acl.host,
  operation: acl.operation,
  permission: acl.permission,
});
