/** The second opinion, shown what breaks it: an oracle that has never objected proves nothing. */
import { describe, expect, test } from "vitest";
import type { MetadataRecord } from "../../src/protocol/index.ts";
import { directoryOf } from "./partition-notation.ts";
import { WholeReplicas } from "./whole-replicas.ts";
import { record, topicIdOf } from "./world.ts";

const TOPIC = topicIdOf(0);

const minimum = (value: string | null, resourceName = "foo"): MetadataRecord =>
  record("CONFIG_RECORD", 0, {
    resourceType: resourceName === "" ? 4 : 2,
    resourceName,
    name: "min.insync.replicas",
    value,
  });

const feature = (featureLevel: number): MetadataRecord =>
  record("FEATURE_LEVEL_RECORD", 0, { name: "eligible.leader.replicas.version", featureLevel });

const change = (parts: object): MetadataRecord =>
  record("PARTITION_CHANGE_RECORD", 2, { topicId: TOPIC, partitionId: 0, ...parts });

const registration = (brokerId: number, brokerEpoch: number): MetadataRecord =>
  record("REGISTER_BROKER_RECORD", 3, { brokerId, brokerEpoch, logDirs: [directoryOf(brokerId)] });

const BEGINNING: readonly MetadataRecord[] = [
  feature(1),
  record("TOPIC_RECORD", 0, { name: "foo", topicId: TOPIC }),
  minimum("2"),
  record("PARTITION_RECORD", 2, {
    topicId: TOPIC,
    partitionId: 0,
    replicas: [1, 2, 3],
    isr: [1, 2, 3],
    leader: 1,
    directories: [1, 2, 3].map(directoryOf),
  }),
  registration(2, 20),
];

/** The first complaint about what follows. `killed`: the brokers that did not stop of their own will. */
function judged(
  records: readonly MetadataRecord[],
  { killed = [], isProposal = false }: { killed?: readonly number[]; isProposal?: boolean } = {},
): string | null {
  const whole = new WholeReplicas();
  const before = { lostItsTail: () => false, isProposal: false };
  for (const each of BEGINNING) expect(whole.take(each, before)).toBeNull();
  const lostItsTail = ({ brokerId }: { readonly brokerId: number }) => killed.includes(brokerId);
  for (const each of records) {
    const fault = whole.take(each, { lostItsTail, isProposal });
    if (fault !== null) return fault;
  }
  return null;
}

/** 3 leaves while 1 and 2 go on committing, then 2 leaves, and then 1 is the last. */
const THREE_LEFT = change({ isr: [1, 2] });
const TWO_LEFT = change({ isr: [1], eligibleLeaderReplicas: [2] });
const ONE_LEFT = change({ isr: [], leader: -1, eligibleLeaderReplicas: [1, 2], lastKnownElr: [1] });
const led = (leader: number, more: object = {}): MetadataRecord =>
  change({ isr: [leader], leader, eligibleLeaderReplicas: [], lastKnownElr: [], ...more });

const LACKS = /is led by \d in ISR .*, but all that was committed is held by \[1( 2)?\]/;

describe("there is nothing to say", () => {
  test.each([
    ["of an eligible leader", [THREE_LEFT, TWO_LEFT, ONE_LEFT, led(2)]],
    ["of one that is told to recover", [THREE_LEFT, led(3, { leaderRecoveryState: 1 })]],
    ["of a clean restart", [THREE_LEFT, TWO_LEFT, registration(2, 21), ONE_LEFT, led(2)]],
  ])("%s", (_claim, records) => {
    expect(judged(records)).toBeNull();
  });

  test("of a leader that was proposed into the ISR by the one that leaves with it", () => {
    const parts = { replicas: [2, 3], isr: [2, 3], leader: 3 };
    const moved = change({ ...parts, directories: [2, 3].map(directoryOf) });
    expect(judged([THREE_LEFT, moved], { isProposal: true })).toBeNull();
    expect(judged([THREE_LEFT, moved])).not.toBeNull();
  });
});

describe("it objects", () => {
  test.each([
    ["to a leader that was not in sync while others committed", [THREE_LEFT, led(3)]],
    ["to one that is not eligible", [THREE_LEFT, TWO_LEFT, ONE_LEFT, led(3)]],
    ["where fewer are asked for in between", [THREE_LEFT, TWO_LEFT, minimum("1"), led(2)]],
    ["where nothing is", [THREE_LEFT, TWO_LEFT, minimum(null), led(2)]],
    ["where the feature was off in between", [TWO_LEFT, feature(0), feature(1), led(2)]],
  ])("%s", (_claim, records) => {
    expect(judged(records)).toMatch(LACKS);
  });

  test("to trust in a broker that was killed", () => {
    const killed = { killed: [2] };
    const restarted = registration(2, 21);
    expect(judged([THREE_LEFT, TWO_LEFT, restarted], killed)).toMatch(/broker 2 has lost the tail/);
    expect(judged([THREE_LEFT, restarted], killed)).toMatch(/broker 2 has lost the tail/);
    const evicted = change({ isr: [1], eligibleLeaderReplicas: [] });
    expect(judged([THREE_LEFT, evicted, restarted], killed)).toBeNull();
    expect(judged([THREE_LEFT, evicted, restarted, ONE_LEFT, led(2)], killed)).toMatch(LACKS);
  });
});
