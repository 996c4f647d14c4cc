/**
 * `ssl.principal.mapping.rules` (KIP-371): which part of a certificate's subject is the name of its principal.
 *
 *     RULE:^CN=([^,]+),OU=Kafka.*$/$1/L,DEFAULT
 *
 * The first rule whose pattern matches the whole subject decides; `L` and `U` change the case. `DEFAULT` takes the
 * subject as it is. A slash inside a pattern is written `\/`. Patterns are read by JavaScript and not by Java: what
 * people write in such rules means the same to both.
 */

export interface PrincipalRule {
  readonly pattern: RegExp;
  /** With `$1` to `$99` as Java has them; null for `DEFAULT`. */
  readonly replacement: string | null;
  readonly letterCase: "L" | "U" | "";
}

const DEFAULT_RULE: PrincipalRule = { pattern: /^/, replacement: null, letterCase: "" };

export const DEFAULT_RULES: readonly PrincipalRule[] = [DEFAULT_RULE];

/** One rule with the comma behind it. A backslash takes the next character with it. */
const NEXT = /\s*(?:(DEFAULT)|RULE:((?:\\.|[^\\/])*)\/((?:\\.|[^\\/])*)\/([LU]?))?\s*(?:,|$)/y;

/** Throws a sentence that shows what cannot be read. */
export function principalRules(text: string): readonly PrincipalRule[] {
  const rules: PrincipalRule[] = [];
  const next = new RegExp(NEXT);
  while (next.lastIndex < text.length) {
    const rest = text.slice(next.lastIndex);
    const found = next.exec(text);
    if (found === null) throw new Error(`no principal mapping rule: ${rest}`);
    const [, isDefault, pattern, replacement = "", letterCase = ""] = found;
    if (isDefault !== undefined) rules.push(DEFAULT_RULE);
    else if (pattern !== undefined)
      rules.push({ pattern: compiled(pattern), replacement, letterCase: caseIn(letterCase) });
  }
  if (rules.length === 0) throw new Error("no principal mapping rule is named");
  return rules;
}

/** The name of the principal, or null when no rule applies to the subject. */
export function principalName(rules: readonly PrincipalRule[], subject: string): string | null {
  for (const rule of rules) {
    const name = applied(rule, subject);
    if (name !== null) return name;
  }
  return null;
}

function applied(
  { pattern, replacement, letterCase }: PrincipalRule,
  subject: string,
): string | null {
  if (replacement === null) return subject;
  if (!new RegExp(`^(?:${pattern.source})$`).test(subject)) return null;
  let name = "";
  let end = 0;
  // The pattern may match less than the whole, several times: each is replaced.
  for (const found of subject.matchAll(pattern)) {
    name += subject.slice(end, found.index) + expanded(replacement, found);
    end = found.index + found[0].length;
  }
  name += subject.slice(end);
  if (letterCase === "L") return name.toLowerCase();
  return letterCase === "U" ? name.toUpperCase() : name;
}

/**
 * As Java's `Matcher.appendReplacement`: a backslash makes the next character itself, and a reference takes as many
 * digits as there are groups for. One to a group that is not there stands for itself.
 */
function expanded(replacement: string, groups: readonly (string | undefined)[]): string {
  return replacement.replaceAll(/\\(.)|\$(\d{1,2})/gs, (whole, literal?: string, digits = "") => {
    if (literal !== undefined) return literal;
    const count = Number(digits) < groups.length ? digits.length : 1;
    const number = Number(digits.slice(0, count));
    return number < groups.length ? (groups[number] ?? "") + digits.slice(count) : whole;
  });
}

function compiled(pattern: string): RegExp {
  try {
    return new RegExp(pattern, "g");
  } catch (cause) {
    throw new Error(`a principal mapping rule has no pattern in ${pattern}`, { cause });
  }
}

const caseIn = (text: string): PrincipalRule["letterCase"] =>
  text === "L" || text === "U" ? text : "";
