/**
 * What an authorizer is asked, and what it answers.
 */
import type { AccessControlEntryRecord, Principal } from "../../protocol/index.ts";
import type { ACL_OPERATION, ACL_RESOURCE } from "../image/acls-image.ts";

/** What somebody may want to do. ALL is for entries: nobody asks for everything at once. */
export type Operation = Exclude<keyof typeof ACL_OPERATION, "ALL">;

export type ResourceType = keyof typeof ACL_RESOURCE;

export interface Asker {
  readonly principal: Pick<Principal, "type" | "name">;
  /** The address that the request came from, as entries write it (dotted or in colons); null where it is not known. */
  readonly host: string | null;
}

/** One operation on one resource, by its own name: whatever the name looks like, it is no pattern. */
export interface Access extends Asker {
  readonly operation: Operation;
  readonly resourceType: ResourceType;
  readonly resourceName: string;
}

export interface AuthorizerSettings {
  /** `super.users`: principals as "type:name", letter by letter. They may do anything. */
  readonly superUsers: ReadonlySet<string>;
  /** `allow.everyone.if.no.acl.found`: whether a resource that no entry is about is everybody's. */
  readonly allowEveryoneIfNoAclFound: boolean;
}

export type AuthorizationResult = "ALLOWED" | "DENIED";

export interface Decision {
  readonly result: AuthorizationResult;
  /** Why; `default` where no entry said so. */
  readonly rule:
    | { readonly kind: "super-user" }
    | { readonly kind: "acl"; readonly acl: AccessControlEntryRecord }
    | { readonly kind: "default" };
}
