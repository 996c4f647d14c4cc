/**
 * What follows a backslash and stands for a character, or for one of many: the same inside and outside of classes.
 */
import { isPropertyName } from "./property-names.ts";
import type { PatternText } from "./pattern-text.ts";

/** Letters that stand for one character of many. */
export const CLASS_ESCAPES: ReadonlySet<string> = new Set("dDhHsSvVwW");

/** The code point that an escape stands for; null where it is none. */
export function characterOf(text: PatternText, escaped: string): number | null {
  switch (escaped) {
    case "0":
      return octal(text);
    case "x":
      return hexadecimal(text);
    case "u":
      return unicode(text);
    case "c": {
      const control = text.take();
      return control === "" ? null : (control.codePointAt(0) ?? 0) ^ 64;
    }
    case "a":
      return 0x07;
    case "e":
      return 0x1b;
    case "f":
      return 0x0c;
    case "n":
      return 0x0a;
    case "r":
      return 0x0d;
    case "t":
      return 0x09;
    default:
      // Every other letter and digit is kept for later versions of Java.
      return escaped === "" || /^[a-zA-Z0-9]$/.test(escaped)
        ? null
        : (escaped.codePointAt(0) ?? null);
  }
}

function octal(text: PatternText): number | null {
  let digits = "";
  while (digits.length < 3 && /^[0-7]$/.test(text.peek())) {
    if (digits.length === 2 && (digits[0] ?? "") > "3") break;
    digits += text.take();
  }
  return digits === "" ? null : Number.parseInt(digits, 8);
}

function hexadecimal(text: PatternText): number | null {
  if (!text.takeIf("{")) return hexadecimalDigits(text, 2);
  let value = -1;
  while (isHexadecimal(text.peek())) {
    value = Math.max(value, 0) * 16 + Number.parseInt(text.take(), 16);
    if (value > 0x10_ff_ff) return null;
  }
  return value >= 0 && text.takeIf("}") ? value : null;
}

/** Four digits; two such escapes that make a surrogate pair are one character. */
function unicode(text: PatternText): number | null {
  const high = hexadecimalDigits(text, 4);
  if (high === null || high < 0xd8_00 || high > 0xdb_ff) return high;
  const mark = text.at;
  if (text.take() === "\\" && text.take() === "u") {
    const low = hexadecimalDigits(text, 4);
    if (low === null) return null;
    if (low >= 0xdc_00 && low <= 0xdf_ff)
      return (high - 0xd8_00) * 0x4_00 + low - 0xdc_00 + 0x1_00_00;
  }
  text.at = mark;
  return high;
}

function hexadecimalDigits(text: PatternText, count: number): number | null {
  let value = 0;
  for (let digit = 0; digit < count; digit += 1) {
    const next = text.take();
    if (!isHexadecimal(next)) return null;
    value = value * 16 + Number.parseInt(next, 16);
  }
  return value;
}

/** What follows `\p`: one letter, or a name in braces. */
export function isProperty(text: PatternText): boolean {
  const first = text.take();
  if (first !== "{") return isPropertyName(first, text.flags.has("unicodeClasses"));
  let name = "";
  for (;;) {
    const next = text.take();
    if (next === "") return false;
    if (next === "}") return isPropertyName(name, text.flags.has("unicodeClasses"));
    name += next;
  }
}

const isHexadecimal = (character: string): boolean => /^[0-9a-fA-F]$/.test(character);
