/**
 * The text of a pattern as its parser reads it: character by character, without what is quoted, and without blanks and
 * comments where the flag x is on.
 */

/** The flags of which the syntax depends. */
export type Flag = "comments" | "unixLines" | "unicodeClasses";

export class PatternText {
  readonly #points: readonly string[];
  at = 0;
  flags: ReadonlySet<Flag> = new Set();

  constructor(pattern: string) {
    this.#points = unquoted(Array.from(pattern));
  }

  /** The character `ahead` of the next, be they blank or not; "" behind the end. */
  exactly(ahead = 0): string {
    return this.#points[this.at + ahead] ?? "";
  }

  /** The next character that means something; "" at the end. */
  peek(): string {
    if (this.flags.has("comments")) this.#skipComments();
    return this.exactly();
  }

  take(): string {
    const character = this.peek();
    this.at += 1;
    return character;
  }

  /** The next character, be it blank or not. */
  takeExactly(): string {
    const character = this.exactly();
    this.at += 1;
    return character;
  }

  takeIf(character: string): boolean {
    const isNext = this.peek() === character;
    if (isNext) this.at += 1;
    return isNext;
  }

  #skipComments(): void {
    const endOfLine = this.flags.has("unixLines") ? /\n/ : /[\n\r\u0085\u2028\u2029]/;
    for (;;) {
      const character = this.exactly();
      if (/[ \t-\r]/.test(character)) {
        this.at += 1;
      } else if (character === "#") {
        while (this.at < this.#points.length && !endOfLine.test(this.exactly())) {
          this.at += 1;
        }
      } else return;
    }
  }
}

/** `\Q…\E` is literal, also without its end: spelled as escapes that mean the same. */
function unquoted(characters: readonly string[]): readonly string[] {
  const points: string[] = [];
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? "";
    if (character !== "\\") {
      points.push(character);
      continue;
    }
    const escaped = characters.slice(at + 1, at + 2);
    at += 1;
    if (escaped[0] !== "Q") {
      points.push(character, ...escaped);
      continue;
    }
    const start = at + 1;
    at = start;
    while (at < characters.length && !(characters[at] === "\\" && characters[at + 1] === "E")) {
      points.push(...spelled(characters[at] ?? "", at === start));
      at += 1;
    }
    at += 1;
  }
  return points;
}

/** A first digit would otherwise join a reference before it. */
function spelled(character: string, isFirst: boolean): readonly string[] {
  if (isFirst && isDigit(character)) return ["\\", "x", "3", character];
  return /^[\0-/:-@[-`{-\x7f]$/.test(character) ? ["\\", character] : [character];
}

export const isDigit = (character: string): boolean => /^[0-9]$/.test(character);
