/**
 * The names that `\p{…}` takes in java.util.regex: categories, POSIX classes, methods of java.lang.Character, binary
 * properties and scripts of Unicode. No blocks: they are several hundred names of code charts.
 */

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** General categories, POSIX classes and Java's own, letter for letter. */
const NAMES = words(`
  Cn Lu Ll Lt Lm Lo Mn Me Mc Nd Nl No Zs Zl Zp Cc Cf Co Cs Pd Ps Pe Pc Po Sm Sc Sk So Pi Pf
  L M N Z C P S LC LD L1 all
  ASCII Alnum Alpha Blank Cntrl Digit Graph Lower Print Punct Space Upper XDigit
  javaLowerCase javaUpperCase javaAlphabetic javaIdeographic javaTitleCase javaDigit javaDefined javaLetter
  javaLetterOrDigit javaJavaIdentifierStart javaJavaIdentifierPart javaUnicodeIdentifierStart
  javaUnicodeIdentifierPart javaIdentifierIgnorable javaSpaceChar javaWhitespace javaISOControl javaMirrored`);

/** POSIX classes, in any letter case where they mean Unicode's. */
const POSIX = words(`
  ALPHA LOWER UPPER SPACE PUNCT XDIGIT ALNUM CNTRL DIGIT BLANK GRAPH PRINT`);

/** Binary properties after `Is`, in any letter case, as the oldest Java that runs Kafka 4 knows them. */
const BINARY = words(`
  ALPHABETIC LETTER IDEOGRAPHIC LOWERCASE UPPERCASE TITLECASE WHITE_SPACE WHITESPACE CONTROL PUNCTUATION
  HEX_DIGIT HEXDIGIT ASSIGNED NONCHARACTER_CODE_POINT NONCHARACTERCODEPOINT DIGIT WORD
  JOIN_CONTROL JOINCONTROL`);

/** `hasUnicodeClasses`: the flag U is on. */
export function isPropertyName(name: string, hasUnicodeClasses: boolean): boolean {
  const at = name.indexOf("=");
  if (at !== -1) return isPropertyValue(name.slice(0, at).toLowerCase(), name.slice(at + 1));
  if (!name.startsWith("Is")) {
    return NAMES.has(name) || (hasUnicodeClasses && POSIX.has(name.toUpperCase()));
  }
  const rest = name.slice(2);
  const upper = rest.toUpperCase();
  return BINARY.has(upper) || POSIX.has(upper) || NAMES.has(rest) || isScript(rest);
}

function isPropertyValue(property: string, value: string): boolean {
  switch (property) {
    case "sc":
    case "script":
      return isScript(value);
    case "gc":
    case "general_category":
      return NAMES.has(value);
    default:
      return false;
  }
}

/** By name or by ISO 15924 code, in any letter case. JavaScript knows the same scripts, spelled in one way. */
function isScript(name: string): boolean {
  if (!/^[a-z]+(_[a-z]+)*$/i.test(name)) return false;
  const spelled = name.toLowerCase().replaceAll(/(^|_)[a-z]/g, (initial) => initial.toUpperCase());
  try {
    return new RegExp(`\\p{Script=${spelled}}`, "u") instanceof RegExp;
  } catch {
    return false;
  }
}
