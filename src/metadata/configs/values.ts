/**
 * Config values as Kafka reads them, which is as Java does: `String.trim`, `Long.parseLong`, `Double.parseDouble` and
 * their kin are not JavaScript's. What reads here is read by every broker; null stands for a text that is no value of
 * its type.
 */

/** `String.trim`: all up to and including the blank goes, at both ends. No other space does, such as U+00A0. */
export const trimmed = (text: string): string => without(text, (code) => code <= BLANK);

const BLANK = 0x20;

/** A regular expression would take quadratic time where blanks stand inside. */
function without(text: string, isBlank: (code: number) => boolean): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

export function booleanIn(text: string): boolean | null {
  switch (trimmed(text).toLowerCase()) {
    case "true":
      return true;
    case "false":
      return false;
    default:
      return null;
  }
}

/** How many bits Java's integers have. */
const INTEGER_BITS = { short: 16n, int: 32n, long: 64n } as const;

export type IntegerType = keyof typeof INTEGER_BITS;

export const isIntegerType = (type: string): type is IntegerType => type in INTEGER_BITS;

/** One sign at most, then digits of any one script or several; any number of zeros in front. */
export function integerIn(text: string, type: IntegerType): bigint | null {
  const [, sign, digits] = /^([+-]?)(\p{Nd}+)$/u.exec(trimmed(text)) ?? [];
  if (digits === undefined) return null;
  let significant = "";
  for (const digit of digits) {
    const value = digitValue(digit);
    if (value === null) return null;
    if (value !== 0 || significant !== "") significant += value;
  }
  // A text of a million digits is refused before it becomes a number.
  if (significant.length > LONG_DIGITS_MAX) return null;
  const number = BigInt(`${sign === "-" ? "-" : ""}${significant === "" ? "0" : significant}`);
  const limit = 1n << (INTEGER_BITS[type] - 1n);
  return -limit <= number && number < limit ? number : null;
}

const LONG_DIGITS_MAX = 19;

/**
 * Java counts in every script of the basic plane. Each script's ten digits are in a row that begins at a code that
 * ends in 0 or in 6.
 */
function digitValue(digit: string): number | null {
  const code = digit.charCodeAt(0);
  if (digit.length > 1) return null;
  const low = code & 0xf;
  const beginsRow = /^\p{Nd}$/u.test(String.fromCharCode(code - low));
  return beginsRow ? low : low - 6;
}

/** Decimal or hexadecimal, perhaps with Java's suffix for a type, or one of the names of IEEE 754. */
export function doubleIn(text: string): number | null {
  const trim = trimmed(text);
  if (/^[+-]?NaN$/.test(trim)) return Number.NaN;
  if (/^[+-]?Infinity$/.test(trim)) {
    return trim.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?$/.test(trim)) {
    return Number(trim.replace(/[fFdD]$/, ""));
  }
  return hexadecimalIn(trim);
}

/** `0x1.8p1`: a power of two must be given. */
function hexadecimalIn(text: string): number | null {
  const [, sign, whole = "", fraction = "", exponent] =
    /^([+-]?)0[xX](?=\.?[0-9a-fA-F])([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)[fFdD]?$/.exec(
      text,
    ) ?? [];
  if (exponent === undefined) return null;
  let mantissa = 0;
  for (const digit of whole + fraction) mantissa = mantissa * 16 + Number.parseInt(digit, 16);
  const magnitude = mantissa * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === "-" ? -magnitude : magnitude;
}

/** The elements of a list, without the blanks around their commas. An empty text is an empty list. */
export function elementsIn(text: string): readonly string[] {
  const trim = trimmed(text);
  return trim === "" ? [] : trim.split(",").map((element) => withoutBlanks(element));
}

/** What `\s` is in Java, from the tab to the carriage return and the blank: less than `String.trim` takes. */
const withoutBlanks = (text: string): string =>
  without(text, (code) => code === BLANK || (code >= 0x09 && code <= 0x0d));

/** `String.split`: what is empty at the end is left out, and an empty text is one part. */
export function splitAt(text: string, separator: string): readonly string[] {
  if (text === "") return [text];
  const parts = text.split(separator);
  while (parts.at(-1) === "") parts.pop();
  return parts;
}

/** `Duration.parse` of ISO 8601 in days, hours, minutes and seconds, each with a sign of its own: in nanoseconds. */
export function durationIn(text: string): bigint | null {
  const match =
    /^([+-]?)P(?:([+-]?\d+)D)?(T(?=[+-]?\d)(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?\d+)(?:[.,](\d{0,9}))?S)?)?$/i.exec(
      text,
    );
  if (match === null || text.length > DURATION_CHARACTERS_MAX) return null;
  const [, sign, days, time, hours, minutes, seconds, fraction = ""] = match;
  if (days === undefined && time === undefined) return null;
  const parts = [days, hours, minutes, seconds].map((part = "0") => BigInt(part.replace("+", "")));
  const total = parts.reduce((sum, part, unit) => sum + part * (SECONDS_OF[unit] ?? 1n), 0n);
  if (parts.some((part) => !isLong(part)) || !isLong(total)) return null;
  const nanoseconds = BigInt(fraction.padEnd(9, "0"));
  const whole = total * 1_000_000_000n + (seconds?.startsWith("-") ? -nanoseconds : nanoseconds);
  return sign === "-" ? -whole : whole;
}

/** Of a day, an hour, a minute and a second. */
const SECONDS_OF = [86_400n, 3_600n, 60n, 1n] as const;
const DURATION_CHARACTERS_MAX = 1_000;

const isLong = (number: bigint): boolean => -(1n << 63n) <= number && number < 1n << 63n;
