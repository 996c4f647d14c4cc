/**
 * The subject of an X.509 certificate as Java writes it (`X500Principal.getName`, RFC 2253), which is the name that
 * Kafka's default principal builder takes: `CN=broker-1,OU=Kafka,O=Example`. OpenSSL's forms differ in order, escapes
 * and in what they do with attributes that RFC 2253 does not name, so this reads the DER itself.
 *
 * Node has verified the certificate by then: what is read here is well formed, or an error is thrown.
 */

/** The attributes that RFC 2253 names; Java writes the number of any other. */
const KEYWORDS: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
};

const SEQUENCE = 0x30;
const SET = 0x31;
const OBJECT_ID = 0x06;
/** The version of a certificate, which the first one had not. */
const VERSION = 0xa0;
/** UTF8, Printable, T61, IA5, General and BMP: all of them Java reads as UTF-8. Other values stay in hex. */
const STRINGS = new Set([0x0c, 0x13, 0x14, 0x16, 0x1b, 0x1e]);
const ESCAPED = new Set(`,=+<>#;"\\`);
const BLANKS = new Set([" ", "\r"]);
const LONG_FORM = 0x80;

/** One value of DER: its tag, what is in it, and the whole. */
interface Value {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

/** The subject of a certificate, given as DER; empty when it has none. */
export function subjectName(certificate: Uint8Array): string {
  const [outer] = valuesIn(certificate);
  const [signed] = valuesIn(expect(outer, SEQUENCE).content);
  const fields = valuesIn(expect(signed, SEQUENCE).content);
  const begin = fields[0]?.tag === VERSION ? 1 : 0;
  // Serial number, algorithm, issuer and validity stand before it.
  return rfc2253Name(expect(fields[begin + 4], SEQUENCE).whole);
}

/** A `Name`, given as DER. The last part comes first. */
export function rfc2253Name(name: Uint8Array): string {
  const [outer] = valuesIn(name);
  return valuesIn(expect(outer, SEQUENCE).content)
    .map((part) => valuesIn(expect(part, SET).content).map(attributeText).join("+"))
    .toReversed()
    .join(",");
}

function attributeText(attribute: Value): string {
  const [type, value] = valuesIn(expect(attribute, SEQUENCE).content);
  if (value === undefined) throw new Error("a certificate's subject has an attribute of no value");
  const objectId = objectIdText(expect(type, OBJECT_ID).content);
  const keyword = KEYWORDS[objectId];
  return keyword !== undefined && STRINGS.has(value.tag)
    ? `${keyword}=${escaped(new TextDecoder("utf-8", { ignoreBOM: true }).decode(value.content))}`
    : `${keyword ?? objectId}=#${Buffer.from(value.whole).toString("hex")}`;
}

/** Blanks at either end are escaped one by one. */
function escaped(text: string): string {
  const chars = Array.from(text, (char) =>
    ESCAPED.has(char) ? `\\${char}` : char === "\u0000" ? "\\00" : char,
  );
  const first = chars.findIndex((char) => !BLANKS.has(char));
  const last = chars.findLastIndex((char) => !BLANKS.has(char));
  const isInside = (at: number): boolean => first !== -1 && at >= first && at <= last;
  return chars.map((char, at) => (isInside(at) ? char : `\\${char}`)).join("");
}

function objectIdText(content: Uint8Array): string {
  const numbers: number[] = [];
  let number = 0;
  for (const byte of content) {
    number = number * 128 + (byte & 127);
    if (byte >= 128) continue;
    numbers.push(number);
    number = 0;
  }
  const [first = 0, ...rest] = numbers;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...rest].join(".");
}

function expect(value: Value | undefined, tag: number): Value {
  if (value?.tag !== tag) throw new Error(`a certificate has ${value?.tag} where ${tag} belongs`);
  return value;
}

/** The values that follow one another in `bytes`. */
function valuesIn(bytes: Uint8Array): readonly Value[] {
  const values: Value[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const { begin, end } = boundsAt(bytes, at);
    if (end > bytes.byteLength) throw new Error("a certificate is cut short");
    values.push({
      tag: bytes[at] ?? 0,
      content: bytes.subarray(begin, end),
      whole: bytes.subarray(at, end),
    });
    at = end;
  }
  return values;
}

/** Where the content of the value at `at` lies. Lengths have at most three bytes of their own here. */
function boundsAt(bytes: Uint8Array, at: number): { readonly begin: number; readonly end: number } {
  const first = bytes[at + 1] ?? 0;
  if (first < LONG_FORM) return { begin: at + 2, end: at + 2 + first };
  const count = first - LONG_FORM;
  if (count === 0 || count > 3)
    throw new Error("a certificate has a length of a form that is not DER");
  const begin = at + 2 + count;
  const length = bytes.subarray(at + 2, begin).reduce((sum, byte) => sum * 256 + byte, 0);
  return { begin, end: begin + length };
}
