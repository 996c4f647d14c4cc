/**
 * Whether a text is a regular expression of java.util.regex, as its Pattern documents them: JavaScript's differ on both
 * sides. A recogniser by recursive descent; nothing is matched here, and no tree is built. Brokers compile the patterns
 * of client metrics subscriptions, and fault on one that is none.
 *
 * It is somewhat stricter than Java, never more lenient: README.md of `configs` says where.
 */
import { CLASS_ESCAPES, characterOf, isProperty } from "./escapes.ts";
import { isDigit, PatternText, type Flag } from "./pattern-text.ts";

/** Java's parser fails on deep nesting where its stack ends; ours ends here. */
const NESTING_MAX = 200;
/** Counts are Java ints. */
const REPETITIONS_MAX = 2_147_483_647;

export function isJavaPattern(text: string): boolean {
  return new PatternReader(text).isPattern();
}

/** What a part of a pattern can match, as far as a look-behind asks for it. */
interface Extent {
  /** In characters; Infinity where there is no bound, or none that Java finds. */
  readonly longest: number;
  /** Whether there is one way only to match it: Java finds no bound for a repeated group that has more. */
  readonly isDeterministic: boolean;
}

const NOTHING: Extent = { longest: 0, isDeterministic: true };
const ONE: Extent = { longest: 1, isDeterministic: true };
const UNBOUNDED: Extent = { longest: Number.POSITIVE_INFINITY, isDeterministic: false };

const FLAGS: ReadonlyMap<string, Flag | null> = new Map<string, Flag | null>([
  ["c", null],
  ["i", null],
  ["m", null],
  ["s", null],
  ["u", null],
  ["d", "unixLines"],
  ["x", "comments"],
  ["U", "unicodeClasses"],
]);

/** Reads a pattern once, from its first character to its last. Null from any of its methods: it is none. */
class PatternReader {
  readonly #text: PatternText;
  #nesting = 0;
  readonly #groups = new Set<string>();

  constructor(pattern: string) {
    this.#text = new PatternText(pattern);
  }

  isPattern(): boolean {
    return this.#alternatives() !== null && this.#text.peek() === "";
  }

  #alternatives(): Extent | null {
    if (this.#nesting >= NESTING_MAX) return null;
    this.#nesting += 1;
    let extent = this.#sequence();
    while (extent !== null && this.#text.takeIf("|")) {
      const other = this.#sequence();
      extent =
        other === null
          ? null
          : { longest: Math.max(extent.longest, other.longest), isDeterministic: false };
    }
    this.#nesting -= 1;
    return extent;
  }

  #sequence(): Extent | null {
    let extent = NOTHING;
    for (;;) {
      const next = this.#text.peek();
      if (next === "" || next === "|" || next === ")") return extent;
      const isGroup = next === "(";
      const item = isGroup ? this.#group() : this.#item();
      if (item === null) return null;
      const repeated = item === "flags" ? NOTHING : this.#quantified(item, isGroup);
      if (repeated === null) return null;
      extent = {
        longest: extent.longest + repeated.longest,
        isDeterministic: extent.isDeterministic && repeated.isDeterministic,
      };
    }
  }

  /** One character, class, boundary or reference. */
  #item(): Extent | null {
    switch (this.#text.peek()) {
      case "?":
      case "*":
      case "+":
        return null;
      case "{":
        // A count after nothing repeats nothing.
        return NOTHING;
      case "[":
        return this.#class() ? ONE : null;
      case "\\":
        this.#text.at += 1;
        return this.#escape();
      case "^":
      case "$":
        this.#text.at += 1;
        return NOTHING;
      default:
        this.#text.at += 1;
        return ONE;
    }
  }

  #group(): Extent | "flags" | null {
    const flags = this.#text.flags;
    this.#text.at += 1;
    let extent: Extent | null;
    if (this.#text.peek() !== "?") {
      extent = this.#alternatives();
    } else {
      this.#text.at += 1;
      const special = this.#special();
      if (special === "flags") return special;
      extent = special;
    }
    if (extent === null || !this.#text.takeIf(")")) return null;
    this.#text.flags = flags;
    return extent;
  }

  /** What follows `(?`, up to the group's end; of mere flags, up to and with it. */
  #special(): Extent | "flags" | null {
    switch (this.#text.takeExactly()) {
      case ":":
      case ">":
        return this.#alternatives();
      case "=":
      case "!":
        return this.#alternatives() === null ? null : NOTHING;
      case "<":
        return this.#lookBehindOrName();
      default:
        this.#text.at -= 1;
        return this.#flagged();
    }
  }

  #lookBehindOrName(): Extent | null {
    const next = this.#text.peek();
    if (next === "=" || next === "!") {
      this.#text.at += 1;
      const extent = this.#alternatives();
      return extent === null || extent.longest > REPETITIONS_MAX ? null : NOTHING;
    }
    const name = this.#groupName();
    if (name === null || this.#groups.has(name)) return null;
    this.#groups.add(name);
    return this.#alternatives();
  }

  #groupName(): string | null {
    let name = "";
    for (;;) {
      const next = this.#text.take();
      if (next === ">" && name !== "") return name;
      if (!(name === "" ? /^[a-zA-Z]$/ : /^[a-zA-Z0-9]$/).test(next)) return null;
      name += next;
    }
  }

  #flagged(): Extent | "flags" | null {
    let isOn = true;
    for (;;) {
      const next = this.#text.take();
      if (next === ")") return "flags";
      if (next === ":") return this.#alternatives();
      if (next === "-" && isOn) {
        isOn = false;
        continue;
      }
      const flag = FLAGS.get(next);
      if (flag === undefined) return null;
      if (flag === null) continue;
      const flags = new Set(this.#text.flags);
      if (isOn) flags.add(flag);
      else flags.delete(flag);
      this.#text.flags = flags;
    }
  }

  #quantified(item: Extent, isGroup: boolean): Extent | null {
    let most: number;
    let isExact = false;
    let isOptional = false;
    switch (this.#text.peek()) {
      case "?":
        this.#text.at += 1;
        most = 1;
        isOptional = true;
        break;
      case "*":
      case "+":
        this.#text.at += 1;
        most = Number.POSITIVE_INFINITY;
        break;
      case "{": {
        const counts = this.#counts();
        if (counts === null) return null;
        most = counts.most;
        isExact = counts.isExact;
        break;
      }
      default:
        return item;
    }
    if (!this.#text.takeIf("?")) this.#text.takeIf("+");
    const isBounded = isOptional || !isGroup || item.isDeterministic;
    const longest = item.longest === 0 && most < Number.POSITIVE_INFINITY ? 0 : item.longest * most;
    return {
      longest: isBounded && !Number.isNaN(longest) ? longest : Number.POSITIVE_INFINITY,
      isDeterministic: isExact && item.isDeterministic,
    };
  }

  /** `{n}`, `{n,}` or `{n,m}`. */
  #counts(): { readonly most: number; readonly isExact: boolean } | null {
    this.#text.at += 1;
    // The first digit follows the brace at once, also where blanks are skipped.
    if (!isDigit(this.#text.exactly())) return null;
    const least = this.#count();
    if (least === null) return null;
    if (this.#text.takeIf("}")) return { most: least, isExact: true };
    if (!this.#text.takeIf(",")) return null;
    if (this.#text.takeIf("}")) return { most: Number.POSITIVE_INFINITY, isExact: false };
    const most = this.#count();
    if (most === null || most < least || !this.#text.takeIf("}")) return null;
    return { most, isExact: least === most };
  }

  #count(): number | null {
    let count = -1;
    while (isDigit(this.#text.peek())) {
      count = Math.max(count, 0) * 10 + Number(this.#text.take());
      if (count > REPETITIONS_MAX) return null;
    }
    return count < 0 ? null : count;
  }

  /** What follows a backslash outside of a class. */
  #escape(): Extent | null {
    const next = this.#text.takeExactly();
    switch (next) {
      case "p":
      case "P":
        return isProperty(this.#text) ? ONE : null;
      case "A":
      case "B":
      case "G":
      case "Z":
      case "z":
        return NOTHING;
      case "b":
        return this.#boundary() ? NOTHING : null;
      case "R":
        return { longest: 2, isDeterministic: true };
      case "X":
        return UNBOUNDED;
      case "k": {
        if (!this.#text.takeIf("<")) return null;
        const name = this.#groupName();
        return name !== null && this.#groups.has(name) ? UNBOUNDED : null;
      }
      default:
        if (/^[1-9]$/.test(next)) return UNBOUNDED;
        if (CLASS_ESCAPES.has(next)) return ONE;
        return characterOf(this.#text, next) === null ? null : ONE;
    }
  }

  /** `\b`, or `\b{g}`; any other brace after it is a count. */
  #boundary(): boolean {
    if (this.#text.peek() !== "{" || this.#text.exactly(1) !== "g") return true;
    this.#text.at += 2;
    return this.#text.takeIf("}");
  }

  /** `[…]`, with its unions and intersections. */
  #class(): boolean {
    if (this.#nesting >= NESTING_MAX) return false;
    this.#nesting += 1;
    this.#text.at += 1;
    this.#text.takeIf("^");
    const isClass = this.#members() && this.#text.takeIf("]");
    this.#nesting -= 1;
    return isClass;
  }

  /** Up to the bracket that closes the class. The first member may be that bracket itself. */
  #members(): boolean {
    let isEmpty = true;
    for (;;) {
      const next = this.#text.peek();
      if (next === "") return false;
      if (next === "]" && !isEmpty) return true;
      if (next === "&" && this.#isIntersection()) {
        this.#text.at += 1;
        this.#text.takeIf("&");
        // An intersection with nothing is refused by some versions of Java, and never meant.
        if (/^[\]&]?$/.test(this.#text.peek())) return false;
        continue;
      }
      if (next === "&" && this.#isBeforeComment()) return false;
      if (!(next === "[" ? this.#class() : this.#range())) return false;
      isEmpty = false;
    }
  }

  #isIntersection(): boolean {
    const mark = this.#text.at;
    this.#text.at += 1;
    const isIntersection = this.#text.peek() === "&";
    this.#text.at = mark;
    return isIntersection;
  }

  /** Where blanks are skipped, Java loses an ampersand before one, and may take the closing bracket for a member. */
  #isBeforeComment(): boolean {
    return this.#text.flags.has("comments") && /^[ \t-\r#]$/.test(this.#text.exactly(1));
  }

  /** One member: a character, a range of them, or an escape for many. */
  #range(): boolean {
    const first = this.#member();
    if (first === null) return false;
    if (this.#text.peek() !== "-") return true;
    const end = this.#text.exactly(1);
    if (first === "many" || end === "[" || end === "]") return true;
    this.#text.at += 1;
    const last = this.#member();
    return last !== null && last !== "many" && last >= first;
  }

  #member(): number | "many" | null {
    const next = this.#text.take();
    if (next !== "\\") return next.codePointAt(0) ?? null;
    const escaped = this.#text.takeExactly();
    if (escaped === "p" || escaped === "P") return isProperty(this.#text) ? "many" : null;
    // As an end of a range, \v is the character of old, not the class.
    if (escaped === "v" && this.#text.exactly() === "-") return 0x0b;
    if (CLASS_ESCAPES.has(escaped)) return "many";
    return characterOf(this.#text, escaped);
  }
}
