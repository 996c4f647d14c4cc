/**
 * Whether a client has an answer already, by the tags in its `If-None-Match` (RFC 9110, 13.1.2): one of a list, weak or
 * strong, or `*` for any. The platform weakens the tag of an answer that it compresses, so a client may send back
 * another form than it was given.
 */
export function isHeld(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  const held: readonly string[] = ifNoneMatch.match(/"[^"]*"/g) ?? [];
  return held.includes(etag.replace(/^W\//, ""));
}
