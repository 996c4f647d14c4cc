/**
 * What real brokers, controllers and tools have said, decoded and encoded again: the same bytes, or our reading of
 * Kafka's protocol is wrong.
 */
import { describe, expect, test } from "vitest";
import {
  apiByKey,
  ApiKey,
  decodeMetadataRecord,
  decodePrincipal,
  decodeRecordBatch,
  decodeRequestFrame,
  decodeResponseFrame,
  encodeControlBatch,
  encodeDataBatch,
  encodeMetadataRecord,
  encodePrincipal,
  Envelope,
  Fetch,
  fromJson,
  metadataRecordFromJson,
  metadataRecordToJson,
  recordBatches,
  requestFrame,
  responseFrame,
  toJson,
  type Api,
  type RequestFrame,
} from "../../src/protocol/index.ts";
import { exchanges, fromHex, toHex, type Exchange } from "./fixtures.ts";

/** The API of a request that must be known. */
function apiOf(key: number): Api {
  const api = apiByKey(key);
  if (api === undefined) throw new Error(`no API ${key}`);
  return api;
}

function decodeRequest(bytes: Uint8Array): RequestFrame {
  const frame = decodeRequestFrame(bytes);
  if (frame.name === null)
    throw new Error(`API ${frame.apiKey} v${frame.apiVersion} is not spoken`);
  return frame;
}

function expectSameRequest(bytes: Uint8Array): RequestFrame {
  const frame = decodeRequest(bytes);
  const again = requestFrame(apiOf(frame.apiKey), frame, { ...frame.body });
  expect(toHex(again)).toBe(toHex(bytes));
  return frame;
}

function expectSameResponse(api: Api, version: number, bytes: Uint8Array): void {
  const { correlationId, body } = decodeResponseFrame(api, version, bytes);
  expect(toHex(responseFrame(api, { apiVersion: version, correlationId }, body))).toBe(
    toHex(bytes),
  );
}

/** ApiVersions above the server's highest version is answered in version 0 (KIP-511). */
const isRefusal = ({ api_key: key, response }: Exchange): boolean =>
  key === ApiKey.ApiVersions && response.slice(8, 12) === "0023";

const of = (key: number): Exchange[] => exchanges.filter(({ api_key: api }) => api === key);

describe("every recorded exchange", () => {
  test("is here", () => {
    expect(exchanges.length).toBe(672);
  });

  test("has a request that is the same bytes when decoded and encoded again", () => {
    for (const { request, client_id: clientId } of exchanges) {
      expect(expectSameRequest(fromHex(request)).clientId).toBe(clientId);
    }
  });

  test("has a response that is the same bytes when decoded and encoded again", () => {
    for (const exchange of exchanges) {
      const version = isRefusal(exchange) ? 0 : exchange.api_version;
      expectSameResponse(apiOf(exchange.api_key), version, fromHex(exchange.response));
    }
  });

  test("says the same when it goes through JSON", () => {
    for (const exchange of exchanges) {
      const api = apiOf(exchange.api_key);
      const version = isRefusal(exchange) ? 0 : exchange.api_version;
      const request = decodeRequest(fromHex(exchange.request)).body;
      const text = JSON.stringify(toJson(api.request, exchange.api_version, { ...request }));
      expect(fromJson(api.request, exchange.api_version, JSON.parse(text))).toEqual(request);
      const { body } = decodeResponseFrame(api, version, fromHex(exchange.response));
      const json = JSON.stringify(toJson(api.response, version, body));
      expect(fromJson(api.response, version, JSON.parse(json))).toEqual(body);
    }
  });
});

describe("every recorded Envelope", () => {
  const envelopes = of(ApiKey.Envelope);

  test("has a request inside that is the same bytes again, with its principal", () => {
    expect(envelopes.length).toBeGreaterThan(0);
    for (const { request, inner_api_key: key, inner_api_version: version } of envelopes) {
      const frame = decodeRequest(fromHex(request));
      if (frame.name !== "Envelope") throw new Error("not an Envelope");
      const inner = expectSameRequest(frame.body.requestData);
      expect([inner.apiKey, inner.apiVersion]).toEqual([key, version]);
      const principal = frame.body.requestPrincipal ?? new Uint8Array();
      expect(toHex(encodePrincipal(decodePrincipal(principal)))).toBe(toHex(principal));
    }
  });

  test("has a response inside that is the same bytes again", () => {
    let seen = 0;
    for (const exchange of envelopes) {
      const { body } = decodeResponseFrame(Envelope, 0, fromHex(exchange.response));
      if (body.responseData === null) continue;
      const frame = decodeRequest(fromHex(exchange.request));
      if (frame.name !== "Envelope") throw new Error("not an Envelope");
      const inner = decodeRequest(frame.body.requestData);
      expectSameResponse(apiOf(inner.apiKey), inner.apiVersion, body.responseData);
      seen++;
    }
    expect(seen).toBeGreaterThan(0);
  });
});

describe("every recorded batch", () => {
  const batches = of(ApiKey.Fetch).flatMap(({ api_version: version, response }) =>
    decodeResponseFrame(Fetch, version, fromHex(response))
      .body.responses.flatMap(({ partitions }) => partitions)
      .flatMap(({ records }) => [...recordBatches(records ?? new Uint8Array())]),
  );

  test("is the same bytes when its records are decoded and encoded again", () => {
    const kinds = new Set<string>();
    for (const { bytes } of batches) {
      const batch = decodeRecordBatch(bytes);
      const again = batch.isControl
        ? encodeControlBatch(batch, batch.records)
        : encodeDataBatch(
            batch,
            batch.values.map((value) => encodeMetadataRecord(decodeMetadataRecord(value))),
          );
      expect(toHex(again)).toBe(toHex(bytes));
      if (batch.isControl) for (const { type } of batch.records) kinds.add(type);
      else for (const value of batch.values) kinds.add(decodeMetadataRecord(value).type);
    }
    expect(kinds).toContain("LEADER_CHANGE");
    expect(kinds).toContain("KRAFT_VOTERS");
    expect(kinds).toContain("PARTITION_RECORD");
    expect(kinds.size).toBe(14);
  });

  test("has records that say the same when they go through JSON", () => {
    for (const { bytes } of batches) {
      const batch = decodeRecordBatch(bytes);
      for (const value of batch.isControl ? [] : batch.values) {
        const record = decodeMetadataRecord(value);
        const text = JSON.stringify(metadataRecordToJson(record));
        expect(metadataRecordFromJson(JSON.parse(text))).toEqual(record);
      }
    }
  });
});
