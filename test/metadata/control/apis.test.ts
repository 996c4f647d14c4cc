/**
 * The table of operations: what makes an API served is its line there, and an operation without one is found here.
 */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { unsupportedApiVersions } from "../../../durable-objects/listener/api-versions.ts";
import {
  LISTENER_APIS,
  QUORUM_APIS,
  SERVED_APIS,
} from "../../../durable-objects/listener/served-apis.ts";
import { controllerApis } from "../../../src/metadata/control/apis.ts";
import { apis, isApiName } from "../../../src/protocol/index.ts";

const folder = new URL("../../../src/metadata/control/", import.meta.url);

const isOperation = (value: unknown): value is { readonly api: { readonly name: string } } =>
  typeof value === "object" && value !== null && "api" in value && "run" in value;

/** The operations that the files of the folder export, by file. */
async function operations(): Promise<readonly (readonly [string, readonly string[]])[]> {
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts") && name !== "apis.ts");
  return await Promise.all(
    files.map(async (file) => {
      const exported: Record<string, unknown> = await import(new URL(file, folder).href);
      const found = Object.values(exported).filter(isOperation);
      return [file, found.map(({ api }) => api.name)] as const;
    }),
  );
}

test("every operation has its line in the table, and every line its operation", async () => {
  const exported = (await operations()).flatMap(([, names]) => names);
  expect(exported.toSorted()).toEqual(Object.keys(controllerApis).toSorted());
});

test("a file holds one operation at most", async () => {
  expect((await operations()).filter(([, names]) => names.length > 1)).toEqual([]);
});

test("a line stands under the name of its own API", () => {
  const names = Object.entries(controllerApis).map(([name, operation]) => [
    name,
    operation.api.name,
  ]);
  expect(names.filter(([name, own]) => name !== own)).toEqual([]);
});

test("what is served is an operation, or the listener's or the quorum's own, and nothing twice", () => {
  const operationsByName = Object.keys(controllerApis).filter(isApiName);
  const expected = [...LISTENER_APIS, ...QUORUM_APIS, ...operationsByName];
  expect([...SERVED_APIS]).toEqual(expected);
  expect(new Set(SERVED_APIS).size).toBe(SERVED_APIS.length);
});

test("a broker is told of Kafka's APIs alone, so that its clients are", () => {
  const told = unsupportedApiVersions().apiKeys.map(({ apiKey }) => apiKey);
  const kafkas = SERVED_APIS.filter((name) => name !== "FenceBroker").map((name) => apis[name].key);
  expect(told).toEqual(kafkas.toSorted((one, other) => one - other));
});

test("no API that only a node of the cluster may ask is a read that any node answers", () => {
  const reads = Object.values(controllerApis).filter(({ kind }) => kind === "read");
  expect(reads.filter(({ api }) => api.clusterAction).map(({ api }) => api.name)).toEqual([]);
});
