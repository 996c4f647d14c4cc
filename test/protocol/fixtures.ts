/**
 * The fixtures as values: Kafka's definitions, the recorded exchanges, and bytes from hex and back.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Range } from "../../src/protocol/index.ts";

const folder = new URL("../fixtures/protocol/", import.meta.url);

export interface FieldFacts {
  readonly name: string;
  readonly type: string;
  readonly versions: Range;
  readonly nullableVersions?: Range;
  readonly taggedVersions?: Range;
  readonly flexibleVersions?: Range | "none";
  readonly tag?: number;
  readonly default?: string | number | boolean;
  readonly ignorable?: boolean;
  readonly fields?: readonly FieldFacts[];
}

export interface MessageFacts {
  readonly name: string;
  readonly type: "request" | "response" | "metadata" | "data" | "header";
  readonly apiKey?: number;
  readonly validVersions: Range;
  readonly flexibleVersions: Range | "none";
  readonly fields: readonly FieldFacts[];
  readonly commonStructs?: readonly {
    readonly name: string;
    readonly fields: readonly FieldFacts[];
  }[];
}

interface Facts {
  readonly messages: readonly MessageFacts[];
}

/** What Kafka says of every message: 4.3 of most, 4.4 of those that it has brought or changed. */
export const kafkaMessages: readonly MessageFacts[] = [
  ...new Map(
    ["kafka-4.3.json", "kafka-4.4.json"].flatMap((file) => {
      const facts: Facts = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
      return facts.messages.map((message) => [message.name, message] as const);
    }),
  ).values(),
];

export interface Exchange {
  readonly kafka: string;
  readonly from: "controller" | "broker" | "tool";
  readonly client_id: string | null;
  readonly api_key: number;
  readonly api_version: number;
  readonly inner_api_key?: number;
  readonly inner_api_version?: number;
  readonly request: string;
  readonly response: string;
}

/** Every recorded exchange. */
export const exchanges: readonly Exchange[] = readdirSync(new URL("captures/", folder))
  .toSorted()
  .flatMap((name) =>
    readFileSync(fileURLToPath(new URL(`captures/${name}`, folder)), "utf8")
      .trim()
      .split("\n"),
  )
  .map((line): Exchange => JSON.parse(line));

/** The bytes that `hex` spells; spaces are for the eye. */
export const fromHex = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
