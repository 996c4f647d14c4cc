/**
 * Which patterns of the access control entries a resource matches: its own name, the wildcard, and every prefix of its
 * name that some entry has. The cost does not depend on how many entries there are, but for the depth of the map: each
 * look finds a pattern that matches, or shortens what may still match.
 */
import { ZERO_UUID } from "../../protocol/index.ts";
import { ACL_PATTERN, patternKind, type AclKey, type AclsImage } from "../image/acls-image.ts";

export type Pattern = Pick<AclKey, "resourceType" | "patternType" | "resourceName">;

/** As the name of a literal entry: any resource of the type. As a host: any. */
export const WILDCARD = "*";

/** The key before all entries of a pattern; with a principal, before the entries of that principal, and so on. */
export const keyBefore = (pattern: Pattern, principal = "", host = ""): AclKey => ({
  resourceType: pattern.resourceType,
  patternType: pattern.patternType,
  resourceName: pattern.resourceName,
  principal,
  host,
  id: ZERO_UUID,
});

export const isOfPattern = (acl: AclKey, pattern: Pattern): boolean =>
  acl.resourceName === pattern.resourceName &&
  acl.resourceType === pattern.resourceType &&
  patternKind(acl) === patternKind(pattern);

/** From the most special to the most general, prefixes last; only those that some entry has. */
export function* matchingPatterns(
  acls: AclsImage,
  resourceType: number,
  resourceName: string,
): Generator<Pattern, void, undefined> {
  // As in Kafka, the wildcard does not reach a longer name that begins with it: there it is taken for a part of it.
  const isLikeWildcard = resourceName.startsWith(WILDCARD);
  for (const name of isLikeWildcard ? [resourceName] : [resourceName, WILDCARD]) {
    const literal = { resourceType, patternType: ACL_PATTERN.LITERAL, resourceName: name };
    const [acl] = acls.byPattern.firstFrom(keyBefore(literal)) ?? [];
    if (acl !== undefined && isOfPattern(acl, literal)) yield acl;
  }
  let longest = resourceName;
  for (;;) {
    const prefix = { resourceType, patternType: ACL_PATTERN.PREFIXED, resourceName: longest };
    const [acl] = acls.byPattern.firstFrom(keyBefore(prefix)) ?? [];
    if (acl?.resourceType !== resourceType) return;
    const common = commonLength(resourceName, acl.resourceName);
    if (common === acl.resourceName.length) {
      yield acl;
      if (common === 0) return;
      longest = resourceName.slice(0, common - 1);
    } else {
      longest = resourceName.slice(0, common);
    }
  }
}

/** How many code units two texts share from their beginning. */
function commonLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length += 1;
  return length;
}
