/** The body of a request as JSON, for a check to judge. */

/** What the text says; null when it is no JSON, which no check lets pass. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
