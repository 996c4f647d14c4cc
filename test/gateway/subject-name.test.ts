/** A certificate's subject: every text here is what Java's `X500Principal.getName` made of the same bytes. */
import { X509Certificate } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { rfc2253Name, subjectName } from "../../gateway/tls/subject-name.ts";
import { certificate, CN, nameOf, OU, text, type Attribute } from "./certificates.ts";

const UTF8 = 0x0c;
const NUMERIC = 0x12;
const PRINTABLE = 0x13;
const T61 = 0x14;
const IA5 = 0x16;
const GENERAL = 0x1b;
const UNIVERSAL = 0x1c;
const BMP = 0x1e;
const OCTETS = 0x04;
const [C, L, ST, STREET, O] = ["2.5.4.6", "2.5.4.7", "2.5.4.8", "2.5.4.9", "2.5.4.10"];
const [UID, DC] = ["0.9.2342.19200300.100.1.1", "0.9.2342.19200300.100.1.25"];
const EMAIL = "1.2.840.113549.1.9.1";

/** A subject of one common name. */
const named = (tag: number, value: string | Buffer): Buffer => nameOf([[CN, tag, value]]);

test.each<[string, Buffer]>([
  [
    "CN=broker-1,OU=Kafka,O=Example\\, Inc.,L=Munich,ST=Bavaria,C=DE",
    nameOf(
      [[C, PRINTABLE, "DE"]],
      text(ST, "Bavaria"),
      text(L, "Munich"),
      text(O, "Example, Inc."),
      text(OU, "Kafka"),
      text(CN, "broker-1"),
    ),
  ],
  [
    "STREET=Road 5,UID=u1+CN=multi,DC=example,DC=org",
    nameOf(
      [[DC, IA5, "org"]],
      [[DC, IA5, "example"]],
      [
        [UID, UTF8, "u1"],
        [CN, UTF8, "multi"],
      ],
      text(STREET, "Road 5"),
    ),
  ],
  // What RFC 2253 does not name is a number, and its value is not read.
  ["CN=x,1.2.840.113549.1.9.1=#16056140622e63", nameOf([[EMAIL, IA5, "a@b.c"]], text(CN, "x"))],
  ["1.3.6.1.4.1.311.60.2.1.3=#13025553", nameOf([["1.3.6.1.4.1.311.60.2.1.3", PRINTABLE, "US"]])],
  ["CN=\\ lead and trail\\ ", named(UTF8, " lead and trail ")],
  ['CN=\\#hash \\"q\\" \\+ \\\\ \\<a\\>\\;\\=éü中😀', named(UTF8, '#hash "q" + \\ <a>;=éü中😀')],
  ["CN=a\\00b\nc\rd", named(UTF8, "a\u0000b\nc\rd")],
  ["CN=\\\r\\ a\\ \\\r", named(UTF8, "\r a \r")],
  ["CN=", named(UTF8, "")],
  ["CN=\\ \\ \\ ", named(UTF8, "   ")],
  ["CN=a  b", named(UTF8, "a  b")],
  ["CN=\\00b\\00m\\00p", named(BMP, Buffer.from("bmp", "utf16le").swap16())],
  ["CN=te\ufffd", named(T61, Buffer.from("te\u00e9", "latin1"))],
  ["CN=\ufffd\ufffd", named(UTF8, Buffer.of(0xff, 0xfe))],
  ["CN=gen", named(GENERAL, "gen")],
  ["CN=#1c0400000075", named(UNIVERSAL, Buffer.of(0, 0, 0, 0x75))],
  ["CN=#1203313233", named(NUMERIC, "123")],
  ["CN=#04066f6374657473", named(OCTETS, "octets")],
  ["", nameOf()],
])("%j", (expected, name) => {
  expect(rfc2253Name(name)).toBe(expected);
});

test("it is read out of a whole certificate, which Node's own parser has read as well", () => {
  const subject = nameOf(text(O, "Example"), text(CN, "broker-1"));
  const { raw } = new X509Certificate(certificate({ subject }).cert);
  expect(subjectName(raw)).toBe("CN=broker-1,O=Example");
});

test("a subject of many kilobytes is read whole", () => {
  const units = Array.from({ length: 300 }, (_, at) => text(OU, `unit ${at} ${"x".repeat(50)}`));
  const name = rfc2253Name(nameOf(...units));
  expect(name.split(",")).toHaveLength(300);
  expect(name.startsWith("OU=unit 299 ")).toBe(true);
});

test("whatever a certificate says, it is one name or an error", () => {
  const attribute = fc.tuple(
    fc.constantFrom(CN, OU, EMAIL),
    fc.integer({ min: 0, max: 255 }),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  );
  const { raw } = new X509Certificate(certificate({ subject: nameOf(text(CN, "x")) }).cert);
  fc.assert(
    fc.property(
      fc.array(fc.array(attribute, { minLength: 1, maxLength: 2 }), { maxLength: 4 }),
      fc.nat(raw.length - 1),
      fc.nat(255),
      (parts: readonly (readonly Attribute[])[], at, byte) => {
        expect(rfc2253Name(nameOf(...parts)).split("\u0000")).toHaveLength(1);
        const spoilt = Buffer.from(raw);
        spoilt[at] = byte;
        try {
          expect(subjectName(spoilt)).toBeTypeOf("string");
        } catch (error) {
          expect(String(error)).toContain("certificate");
        }
      },
    ),
  );
});
