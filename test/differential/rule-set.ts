/**
 * Access control entries with questions about them, and what this project's authorizer says.
 */
import {
  authorize,
  authorizeByResourceType,
  type Access,
  type AuthorizerSettings,
  type Decision,
} from "../../src/metadata/index.ts";
import { NO_ACLS, withAcl, type AclsImage } from "../../src/metadata/image/acls-image.ts";
import type { AccessControlEntryRecord } from "../../src/protocol/index.ts";
import { uuidFromBytes } from "../../src/protocol/index.ts";

export type Entry = Omit<AccessControlEntryRecord, "id">;

export interface Question extends Omit<Access, "resourceName" | "host"> {
  readonly host: string;
  /** Null asks whether there is any resource of the type. */
  readonly resourceName: string | null;
}

export interface RuleSet {
  readonly allowEveryone: boolean;
  readonly superUsers: readonly string[];
  readonly acls: readonly Entry[];
  readonly questions: readonly Question[];
}

function imageOf(entries: readonly Entry[]): AclsImage {
  let acls = NO_ACLS;
  for (const [at, entry] of entries.entries()) {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setUint32(12, Math.imul(at + 1, 2_654_435_761));
    acls = withAcl(acls, { ...entry, id: uuidFromBytes(bytes) });
  }
  return acls;
}

/** Our answers to the questions of a set, in their order. */
export function ownAnswers(set: RuleSet): readonly Decision["result"][] {
  const acls = imageOf(set.acls);
  const settings: AuthorizerSettings = {
    superUsers: new Set(set.superUsers),
    allowEveryoneIfNoAclFound: set.allowEveryone,
  };
  return set.questions.map(({ resourceName, ...asked }) =>
    resourceName === null
      ? authorizeByResourceType(acls, asked, settings)
      : authorize(acls, { ...asked, resourceName }, settings).result,
  );
}
