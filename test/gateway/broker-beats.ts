/** Heartbeats of brokers, as a gateway sees them. */
import { setTimeout as pause } from "node:timers/promises";
import { BrokerHeartbeat, requestFrame } from "../../src/protocol/index.ts";
import type { Client } from "./client.ts";

/** A broker's heartbeat, as its id says. */
export const beatOf = (brokerId: number): Buffer =>
  Buffer.from(
    requestFrame(
      BrokerHeartbeat,
      { apiVersion: 1, correlationId: brokerId, clientId: "test" },
      {
        brokerId,
        brokerEpoch: 1,
        currentMetadataOffset: 1,
        wantFence: false,
        wantShutDown: false,
      },
    ),
  );

/** The shortest after which a heartbeat may wait. */
export const INTERVAL_MS = 510;

/** Both have said what they say at an interval, and it is time to say it again. */
export async function introduced(one: Client, two: Client): Promise<void> {
  for (const [nth, broker] of [one, two].entries()) {
    broker.send(beatOf(nth + 1));
    await broker.frame();
  }
  await pause(INTERVAL_MS);
}
