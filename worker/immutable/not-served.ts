/** Why something is not among what never changes: it is not yet, is no more, or is too large. A controller knows more. */
export class NotServed extends Error {
  override readonly name = "NotServed";
}
