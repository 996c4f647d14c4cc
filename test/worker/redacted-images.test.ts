/**
 * What an isolate holds of a cluster that has secrets: none, whether an image was read from the log or from a snapshot,
 * of now or of the past; and a difference still tells that one was written anew.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { imageToRecords, type MetadataImage } from "../../src/metadata/index.ts";
import { encodeMetadataRecord } from "../../src/protocol/index.ts";
import { clusterKey } from "../../worker/channel/controller-calls.ts";
import { pastOf, presentOf } from "../../worker/observer/kept-images.ts";
import { logSource } from "../../worker/observer/log-source.ts";
import { wholeImageAt } from "../../worker/observer/past-image.ts";
import { cutCluster, type CutCluster } from "./cut-log.ts";
import { CONFIG_RECORDS, SECRET_RECORDS, leaksIn } from "./planted.ts";

let log: CutCluster["log"];
let one: CutCluster["one"];
let other: CutCluster["other"];
let edge: CutCluster["edge"];
let env: CutCluster["edge"]["env"];
let cutAll: CutCluster["cutAll"];
let key: string;
/** The offset of the last secret. */
let last: number;

beforeEach(() => {
  ({ log, one, other, edge, cutAll } = cutCluster(() => undefined));
  ({ env } = edge);
  key = clusterKey(edge.entry);
  log.append(CONFIG_RECORDS);
  log.append(SECRET_RECORDS);
  last = log.end - 1;
  log.appendTopic("after");
});

/** All that an image says. */
const contentsOf = (image: MetadataImage | undefined): Uint8Array =>
  Buffer.concat([...(image === undefined ? [] : imageToRecords(image))].map(encodeMetadataRecord));

/** The secrets of an image that holds configs, credentials and a token. */
function leaksOf(image: MetadataImage | undefined): readonly string[] {
  expect([image?.configs.size, image?.scram.size, image?.delegationTokens.size]).toEqual([5, 2, 1]);
  return leaksIn(contentsOf(image));
}

test("the search finds all of them in an image that is read whole", async () => {
  const { image } = await wholeImageAt(key, last, logSource(env, edge.entry));
  const { tokenId: ended } = Object(SECRET_RECORDS.at(-1)?.data);
  const lasting = [...CONFIG_RECORDS, ...SECRET_RECORDS].filter(
    ({ data }) => Object(data).tokenId !== ended,
  );
  expect(leaksOf(image)).toEqual(leaksIn(Buffer.concat(lasting.map(encodeMetadataRecord))));
  expect([presentOf(key), pastOf(`${key}#${last}`)]).toEqual([undefined, undefined]);
});

test("an image that a snapshot takes the place of holds no secret, and neither does that", async () => {
  one.known = 20;
  other.known = 20;
  expect((await edge.request("topics")).status).toBe(200);
  one.known = Number.POSITIVE_INFINITY;
  other.known = Number.POSITIVE_INFINITY;
  cutAll(last + 1);
  expect((await edge.request("topics")).status).toBe(200);
  expect(leaksOf(presentOf(key)?.image)).toEqual([]);
});

describe.each([
  ["the log", () => undefined],
  ["a snapshot", () => cutAll(last + 1)],
])("an image that is read from %s", (_, prepare) => {
  beforeEach(prepare);

  test("holds no secret", async () => {
    expect((await edge.request("topics")).status).toBe(200);
    expect(leaksOf(presentOf(key)?.image)).toEqual([]);
  });

  test("of the past holds none", async () => {
    expect((await edge.request(`topics?at_offset=${last}`)).status).toBe(200);
    expect(leaksOf(pastOf(`${key}#${last}`)?.image)).toEqual([]);
  });

  test("is told from a later one in which secrets were written anew", async () => {
    const credentials = SECRET_RECORDS.filter(({ type }) => type.startsWith("USER_SCRAM"));
    log.append([...credentials, ...CONFIG_RECORDS.slice(0, 1)]);
    const response = await edge.request(`metadata-diff?from=${last}`);
    const { data }: { readonly data: readonly object[] } = JSON.parse(await response.text());
    expect(data).toEqual([
      expect.objectContaining({ entity: "TOPIC", change: "CREATED" }),
      {
        entity: "CONFIG",
        change: "CHANGED",
        id: { resourceType: "BROKER", resourceName: "1", name: "ssl.keystore.password" },
        fields: {},
      },
      ...[1, 2].map((mechanism) => ({
        entity: "SCRAM_CREDENTIAL",
        change: "CHANGED",
        id: { name: "alice", mechanism },
        fields: {},
      })),
    ]);
  });
});

test("records are decoded in one file of the Worker", () => {
  const folder = join(import.meta.dirname, "../../worker");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const decode = files.filter(
    (file) =>
      file.endsWith(".ts") &&
      /\b(decodeMetadataRecord|decodeSnapshot)\b/.test(readFileSync(join(folder, file), "utf8")),
  );
  expect(decode).toEqual([join("observer", "decoding.ts")]);
});
