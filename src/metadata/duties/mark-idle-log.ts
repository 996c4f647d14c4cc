/**
 * A record that says nothing, into a log that nobody has written to for a while (KIP-835): it has a time, so brokers can
 * tell how far they are behind a controller that is there, and that nothing is wrong with one that says nothing.
 */
import { NoOpRecord } from "../../protocol/index.ts";
import type { Duty } from "./duty.ts";

export const markIdleLog: Duty<null> = {
  name: "mark-idle-log",
  rule: () => ({ records: [NoOpRecord.of(0, {})], response: null }),
};
