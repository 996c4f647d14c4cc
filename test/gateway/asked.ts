/** Requests of a Kafka client, of which each names its own correlation. */
import { expect } from "vitest";
import {
  decodeResponseFrame,
  requestFrame,
  type Api,
  type InputOf,
  type ResponseOf,
} from "../../src/protocol/index.ts";
import type { Client } from "./client.ts";

let correlations = 0;

/** Sends a request; what resolves with its answer. Rejects when the connection closes first. */
export function asked<A extends Api>(
  kafka: Client | undefined,
  api: A,
  { version, body }: { readonly version: number; readonly body: InputOf<A["request"]> },
): () => Promise<ResponseOf<A>> {
  correlations += 1;
  const correlationId = correlations;
  const header = { apiVersion: version, correlationId, clientId: "test" };
  kafka?.send(Buffer.from(requestFrame(api, header, body)));
  return async () => {
    const frame = await kafka?.frame();
    if (frame === undefined) throw new Error("closed");
    const answer = decodeResponseFrame(api, version, frame);
    expect(answer.correlationId).toBe(correlationId);
    return answer.body;
  };
}
