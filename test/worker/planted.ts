/**
 * Secrets that a test plants in a cluster's metadata, and the search for them in whatever comes out of it: as they are,
 * in base64 and in hexadecimal.
 */
import { PARAMETERS } from "../../worker/routes/parameters.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { MetadataRecord } from "../../src/protocol/index.ts";
import { record } from "../metadata/world.ts";

/** Long enough that none occurs by chance. */
const planted: string[] = [];

/** A value that `leaksIn` looks for from now on. */
export function plant(what: string): string {
  const value = `planted-${what}-${planted.length}-5ecre7`;
  planted.push(value);
  return value;
}

/** The same of one that was made elsewhere. */
export function plantValue(value: string): void {
  planted.push(value);
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Configs of broker 1 and of all brokers, as a client may set them. */
export const BROKER_SECRETS: readonly (readonly [broker: string, name: string, value: string])[] = [
  ["1", "ssl.keystore.password", plant("keystore")],
  ["1", "listener.name.internal.sasl.jaas.config", plant("jaas")],
  ["1", "my.plugin.token", plant("plugin")],
  ["", "ssl.truststore.certificates", plant("truststore")],
  ["", "listener.name.x.no.such.config", plant("unknown")],
];

const TOKENS = [plant("token"), plant("ended-token")] as const;

/** What no client writes just so, each with secrets: configs that nobody knows, credentials, tokens. */
export const SECRET_RECORDS: readonly MetadataRecord[] = [
  ...[2, 16, 32].map((resourceType) =>
    record("CONFIG_RECORD", 0, {
      resourceType,
      resourceName: "orders",
      name: "nobody.knows.this",
      value: plant("config"),
    }),
  ),
  ...[1, 2].map((mechanism) =>
    record("USER_SCRAM_CREDENTIAL_RECORD", 0, {
      name: "alice",
      mechanism,
      salt: bytesOf(plant("salt")),
      storedKey: bytesOf(plant("stored-key")),
      serverKey: bytesOf(plant("server-key")),
      iterations: 8_192,
    }),
  ),
  ...TOKENS.map((tokenId) =>
    record("DELEGATION_TOKEN_RECORD", 0, {
      owner: `User:${plant("owner")}`,
      requester: `User:${plant("requester")}`,
      renewers: [`User:${plant("renewer")}`],
      issueTimestamp: 1_000,
      maxTimestamp: 3_000,
      expirationTimestamp: 2_000,
      tokenId,
    }),
  ),
  record("REMOVE_DELEGATION_TOKEN_RECORD", 0, { tokenId: TOKENS[1] }),
];

/** The configs that clients may set, as records. */
export const CONFIG_RECORDS: readonly MetadataRecord[] = BROKER_SECRETS.map(
  ([resourceName, name, value]) =>
    record("CONFIG_RECORD", 0, { resourceType: 4, resourceName, name, value }),
);

/** Which secrets are in `bytes`, each with the form it has there. */
export function leaksIn(bytes: Uint8Array | string): readonly string[] {
  const text = Buffer.from(bytes).toString("latin1");
  return planted.flatMap((secret) =>
    formsOf(secret).flatMap(([form, shape]) => (text.includes(shape) ? [`${secret} ${form}`] : [])),
  );
}

function formsOf(secret: string): readonly (readonly [form: string, shape: string])[] {
  const hex = Buffer.from(secret).toString("hex");
  return [
    ["as it is", secret],
    ["in hexadecimal", hex],
    ["in hexadecimal", hex.toUpperCase()],
    ...[0, 1, 2].map((before) => ["in base64", base64Of(secret, before)] as const),
  ];
}

/** What is sure of the base64 of a text that `secret` is in, as many bytes after a multiple of three. */
function base64Of(secret: string, before: number): string {
  const text = Buffer.from("-".repeat(before) + secret).toString("base64");
  // A character holds six bits: those that hold some of what is before or after may be any.
  return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + secret.length) * 8) / 6));
}

/** What the paths of docs/HTTP.md stand for. */
export type Places = Readonly<Record<string, string | number>>;

/** A path that can be read, and the query parameters that it knows. */
export interface ReadPath {
  readonly path: string;
  readonly parameters: readonly string[];
}

/** A file of the page, which is the same wherever it is read. */
const OF_PAGE: Places = { folder: "page", file: "main.ts" };

/** Every path of docs/HTTP.md that can be read, at `places`. */
export function readPaths(places: Places): readonly ReadPath[] {
  const page = readFileSync(join(import.meta.dirname, "../../docs/HTTP.md"), "utf8");
  return [...page.matchAll(/^### `GET (\S+)`$/gm)].map(([, written = ""]) => ({
    parameters: PARAMETERS.get(`GET ${written}`) ?? [],
    path: written.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const place = places[name] ?? OF_PAGE[name];
      if (place === undefined) throw new Error(`nothing stands for {${name}} in ${written}`);
      return encodeURIComponent(place);
    }),
  }));
}

/** Where the answer is a file as Kafka writes it, which has a checksum: nothing is redacted in it. */
export const isRaw = (path: string): boolean => /\/snapshots\/[^/?]+(\?|$)/.test(path);
