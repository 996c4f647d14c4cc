/** What came over a link cannot be read, or breaks its rules: the link is closed, with this sentence as the reason. */
export class LinkError extends Error {
  override readonly name = "LinkError";
}
