/** Where the two differ about eligible leader replicas (KIP-966). */
import { finalizedLevel } from "../../../src/metadata/index.ts";
import { directoryOf } from "../../metadata/partition-notation.ts";
import type { Difference } from "../controller-pair.ts";
import {
  asks,
  differentPartitions,
  partitionsDiffer,
  fieldOf,
  inJson,
  sameResponses,
  without,
  type Known,
} from "./entry.ts";

const isOn = ({ before }: Difference): boolean =>
  finalizedLevel(before.features, "eligible.leader.replicas.version") > 0;

const MIN_ISR = "min.insync.replicas";
/** Who is, and who was when they were last known. */
const ELIGIBLE = ["eligibleLeaderReplicas", "lastKnownElr"] as const;

export const KNOWN_OF_ELIGIBLE_REPLICAS: readonly Known[] = [
  {
    title: "A new topic has nobody to forget",
    apis: ["CreateTopics"],
    kafka:
      "A topic that is created with its own minimum is followed by a record that clears whom it has eligible.",
    here: "Nothing is cleared: a new topic has nobody eligible.",
    why: "A log should grow by what happens.",
    releases: ["4.1.2", "4.3.1"],
    elr: true,
    explains: (difference) =>
      isOn(difference) &&
      difference.in === "records" &&
      difference.theirs.records.some(({ type }) => type === "CLEAR_ELR_RECORD") &&
      !difference.ours.records.some(({ type }) => type === "CLEAR_ELR_RECORD"),
    shown: async (told) => {
      await told.up(0);
      await told.topic("a", [[0]], { [MIN_ISR]: "1" });
    },
  },
  {
    title: "A directory that is assigned makes nobody less eligible",
    apis: ["AssignReplicasToDirs"],
    kafka: "4.1.2 forgets who is eligible, also where the directory is the one that it was.",
    here: "Who is eligible stays so; what says nothing new is not written.",
    why: "As Kafka 4.3.1 does it: where a replica lies says nothing of what it holds.",
    releases: ["4.1.2"],
    elr: true,
    explains: (difference) =>
      isOn(difference) &&
      sameResponses(difference) &&
      partitionsDiffer(
        difference,
        ({ before, ours, theirs }) =>
          (before?.eligibleLeaderReplicas.length ?? 0) > 0 &&
          (ours?.eligibleLeaderReplicas.length ?? 0) > 0 &&
          theirs?.eligibleLeaderReplicas.length === 0,
      ),
    shown: async (told) => {
      await told.up(0, 1);
      await told.topic("a", [[0, 1]], { [MIN_ISR]: "2" });
      await told.beat(1, { wantFence: true });
      await told.assign(0, "a", told.partition("a").directories[0]);
    },
  },
  {
    title: "Who is unregistered is not eligible",
    apis: ["UnregisterBroker"],
    kafka: "An unregistered broker stays eligible, and becomes so when it was the last in sync.",
    here: "It is eligible no more; who led last is remembered all the same.",
    why: "It may be registered again without its disk.",
    elr: true,
    explains: (difference) =>
      isOn(difference) &&
      sameResponses(difference) &&
      partitionsDiffer(
        difference,
        ({ ours, theirs }) =>
          without(ours, "eligibleLeaderReplicas", "lastKnownElr", "partitionEpoch") ===
          without(theirs, "eligibleLeaderReplicas", "lastKnownElr", "partitionEpoch"),
      ),
    shown: async (told) => {
      await told.up(0, 1);
      await told.topic("a", [[0, 1]], { [MIN_ISR]: "2" });
      await told.beat(1, { wantFence: true });
      await told.ask("UnregisterBroker", { brokerId: 1 });
    },
  },
  {
    title: "Who is unregistered changes what he had a part in",
    apis: ["UnregisterBroker"],
    kafka:
      "Its index keeps who was eligible before that was cleared: those partitions are looked at too, and what was due in them happens.",
    here: "A partition in which the broker is neither in sync nor eligible stays as it is.",
    why: "What is due elsewhere is found by those who look for it.",
    releases: ["4.1.2", "4.3.1"],
    elr: true,
    spoils: true,
    explains: (difference) =>
      isOn(difference) &&
      sameResponses(difference) &&
      partitionsDiffer(
        difference,
        ({ before, ours }) =>
          inJson(before) === inJson(ours) &&
          ![...(before?.isr ?? []), ...(before?.eligibleLeaderReplicas ?? [])].some(
            (id) => id === asks(difference, "brokerId"),
          ),
      ),
    shown: async (told) => {
      await told.up(0, 1, 2);
      await told.topic("a", [[2, 0, 1]], { [MIN_ISR]: "2" });
      for (const id of [1, 0])
        // oxlint-disable-next-line no-await-in-loop -- one request after the other
        await told.beat(id, { wantFence: true });
      await told.configure("a", MIN_ISR, "1");
      await told.beat(2, { wantFence: true });
      await told.beat(1);
      await told.configure("a", "unclean.leader.election.enable", "true");
      await told.ask("UnregisterBroker", { brokerId: 0 });
    },
  },
  {
    title: "Who is no replica is not eligible",
    apis: [
      "AlterPartition",
      "AlterPartitionReassignments",
      "AssignReplicasToDirs",
      "BrokerHeartbeat",
      "BrokerRegistration",
      "ElectLeaders",
    ],
    kafka: "A replica that a move has removed may stay eligible, or last known to be.",
    here: "Only replicas are.",
    why: "It has nothing to lead.",
    elr: true,
    explains: (difference) =>
      isOn(difference) &&
      sameResponses(difference, (text) => text.replaceAll(/"partitionEpoch":\d+/g, "")) &&
      partitionsDiffer(
        difference,
        ({ ours, theirs }) =>
          without(ours, ...ELIGIBLE, "partitionEpoch") ===
            without(theirs, ...ELIGIBLE, "partitionEpoch") &&
          [...(theirs?.eligibleLeaderReplicas ?? []), ...(theirs?.lastKnownElr ?? [])].some(
            (id) => theirs?.replicas.includes(id) === false,
          ),
      ),
    shown: async (told) => {
      await told.up(0, 1, 2);
      await told.topic("a", [[0, 1, 2]], { [MIN_ISR]: "3" });
      await told.beat(2, { wantFence: true });
      await told.reassign("a", [0, 1]);
    },
  },
  {
    title: "A move is given up cleanly where an old replica is eligible",
    apis: ["AlterPartitionReassignments"],
    kafka: "Only who is in sync counts: it is refused, or unclean where the topic allows that.",
    here: "The move is given up, and the eligible replica leads when it is there.",
    why: "An eligible replica has every record that was acknowledged.",
    elr: true,
    explains: (difference) =>
      isOn(difference) &&
      inJson(difference.asked.body).includes('"replicas":null') &&
      (difference.in === "response"
        ? inJson(difference.theirs.response).includes("would require an unclean leader election")
        : differentPartitions(difference).every(
            ({ before }) => (before?.eligibleLeaderReplicas.length ?? 0) > 0,
          )),
    shown: async (told) => {
      await told.up(0, 1, 2, 3);
      await told.topic("a", [[0, 2]], { [MIN_ISR]: "2" });
      await told.reassign("a", [1, 3]);
      await told.propose("a", [0, 1]);
      await told.beat(0, { wantFence: true });
      await told.reassign("a", null);
    },
  },
  {
    title: "A move from an eligible replica to others begins",
    apis: ["AlterPartitionReassignments"],
    kafka: "Where nobody is in sync, and the topic may be led unclean, the controller fails.",
    here: "The move begins, and a replica that is there leads.",
    why: "A request that says what it wants has an answer.",
    releases: ["4.3.1"],
    elr: true,
    explains: (difference) =>
      isOn(difference) &&
      difference.in === "response" &&
      inJson(difference.theirs.response).includes('"errorCode":-1') &&
      !inJson(difference.asked.body).includes('"replicas":null'),
    shown: async (told) => {
      await told.up(0, 1, 2, 3, 4);
      const configs = { [MIN_ISR]: "2", "unclean.leader.election.enable": "true" };
      await told.topic("a", [[4, 0, 3, 2]], configs);
      await told.reassign("a", [0]);
      await told.assign(0, "a", directoryOf(99));
      await told.reassign("a", [1, 3]);
    },
  },
  {
    title: "An epoch is the offset of the registering record",
    apis: ["BrokerRegistration"],
    kafka:
      "It is that of the first record of the batch, and partitions that change with the registration come before it.",
    here: "It is that of the registration, so a broker that has read up to its epoch knows itself.",
    why: "Whether a broker has caught up is then asked of its epoch alone.",
    elr: true,
    explains: ({ ours, theirs }) => {
      const [here, there] = [ours, theirs].map(({ response }) => fieldOf(response, "brokerEpoch"));
      return (
        typeof here === "number" &&
        typeof there === "number" &&
        there >= 0 &&
        here === there + ours.records.length - 1
      );
    },
    shown: async (told) => {
      await told.up(0, 1);
      await told.topic("a", [[0, 1]], { [MIN_ISR]: "2" });
      await told.beat(1, { wantFence: true });
      await told.ask("UnregisterBroker", { brokerId: 1 });
      await told.register(1);
    },
  },
];
