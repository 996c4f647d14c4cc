/**
 * X.509 certificates for these tests, made here: with any subject, any authority and any dates, also such as no tool
 * makes. Elliptic keys, SHA-256.
 */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

export interface Authority {
  readonly cert: string;
  readonly key: string;
  readonly issuer: Buffer;
  readonly privateKey: KeyObject;
}

export interface CertificateOptions {
  /** A `Name` as DER; `commonName` and `nameOf` make one. */
  readonly subject: Buffer;
  /** Its own when absent. */
  readonly signedBy?: Authority;
  readonly isAuthority?: boolean;
  readonly notAfter?: Date;
}

const DAY_MS = 86_400_000;

export function certificate(options: CertificateOptions): Authority {
  const { subject, signedBy, isAuthority = false } = options;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const notAfter = options.notAfter ?? new Date(Date.now() + DAY_MS);
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ECDSA_SHA256,
    signedBy?.issuer ?? subject,
    sequence(time(new Date(notAfter.getTime() - 30 * DAY_MS)), time(notAfter)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions(isAuthority))),
  );
  const signature = sign("sha256", body, signedBy?.privateKey ?? privateKey);
  const whole = sequence(body, ECDSA_SHA256, bits(signature));
  return {
    cert: pem("CERTIFICATE", whole),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    issuer: subject,
    privateKey,
  };
}

/** One attribute of a subject: its number, the tag of its value, the bytes. */
export type Attribute = readonly [oid: string, tag: number, value: string | Buffer];

export const CN = "2.5.4.3";
export const OU = "2.5.4.11";
const UTF8 = 0x0c;

/** A subject of parts, each of them one attribute or several. */
export const nameOf = (...parts: readonly (readonly Attribute[])[]): Buffer =>
  sequence(
    ...parts.map((part) =>
      der(
        0x31,
        ...part.map(([oid, tag, value]) => sequence(objectId(oid), der(tag, Buffer.from(value)))),
      ),
    ),
  );

export const commonName = (name: string): Buffer => nameOf([[CN, UTF8, name]]);

export const text = (oid: string, value: string): readonly Attribute[] => [[oid, UTF8, value]];

function extensions(isAuthority: boolean): readonly Buffer[] {
  const constraints = sequence(...(isAuthority ? [der(0x01, Buffer.of(0xff))] : []));
  const critical = der(0x01, Buffer.of(0xff));
  const loopback = sequence(
    der(0x82, Buffer.from("localhost")),
    der(0x82, Buffer.from("edge.example")),
    der(0x87, Buffer.of(127, 0, 0, 1)),
  );
  return [
    sequence(objectId("2.5.29.19"), critical, der(0x04, constraints)),
    ...(isAuthority ? [] : [sequence(objectId("2.5.29.17"), der(0x04, loopback))]),
  ];
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head =
    length < 128
      ? [length]
      : length < 256
        ? [0x81, length]
        : length < 65_536
          ? [0x82, length >> 8, length & 255]
          : [0x83, length >> 16, (length >> 8) & 255, length & 255];
  return Buffer.concat([Buffer.of(tag, ...head), content]);
}

const sequence = (...contents: readonly Buffer[]): Buffer => der(0x30, ...contents);
const bits = (content: Buffer): Buffer => der(0x03, Buffer.of(0), content);
const time = (at: Date): Buffer =>
  der(0x18, Buffer.from(at.toISOString().replace(/[-:T]|\.\d+/g, "")));

function objectId(numbers: string): Buffer {
  const [root = 0, branch = 0, ...rest] = numbers.split(".").map(Number);
  const bytes = [root * 40 + branch];
  for (const number of rest) {
    const digits = [number & 127];
    for (let left = number >>> 7; left > 0; left >>>= 7) digits.unshift((left & 127) | 128);
    bytes.push(...digits);
  }
  return der(0x06, Buffer.from(bytes));
}

const ECDSA_SHA256 = sequence(objectId("1.2.840.10045.4.3.2"));

const pem = (label: string, bytes: Buffer): string =>
  [
    `-----BEGIN ${label}-----`,
    ...(bytes.toString("base64").match(/.{1,64}/g) ?? []),
    `-----END ${label}-----`,
    "",
  ].join("\n");
