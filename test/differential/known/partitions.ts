/** Where the two differ about partitions and their replicas. */
import { LOST_DIRECTORY } from "../../../src/protocol/index.ts";
import { directoryOf } from "../../metadata/partition-notation.ts";
import { directoriesOf } from "../broker-lives.ts";
import { partitionsDiffer, inJson, sameResponses, without, type Known } from "./entry.ts";

export const KNOWN_OF_PARTITIONS: readonly Known[] = [
  {
    title: "A directory that is assigned and the ISR that follows from it are one change",
    apis: ["AssignReplicasToDirs"],
    kafka: "Two records, and the partition's epoch grows by two.",
    here: "One record.",
    why: "What comes of one request for one partition is one change of it.",
    explains: (difference) =>
      sameResponses(difference) &&
      partitionsDiffer(
        difference,
        ({ ours, theirs }) =>
          without(ours, "partitionEpoch") === without(theirs, "partitionEpoch") &&
          (ours?.partitionEpoch ?? 0) + 1 === theirs?.partitionEpoch,
      ),
    shown: async (told) => {
      await told.up(0, 1);
      await told.topic("a", [[0, 1]]);
      await told.assign(1, "a", LOST_DIRECTORY);
    },
  },
  {
    title: "Who gets a directory for the one that it lost may lead at once",
    apis: ["AssignReplicasToDirs"],
    kafka:
      "The partition goes on without a leader until the next election; in 4.3.1 only where it lay in a directory that the broker never had.",
    here: "Whoever could lead is elected with the change.",
    why: "A partition should not wait for what may elect it.",
    explains: (difference) =>
      sameResponses(difference) &&
      partitionsDiffer(
        difference,
        ({ before, ours, theirs }) =>
          before?.leader === -1 && (ours?.leader ?? -1) >= 0 && theirs?.leader === -1,
      ),
    shown: async (told) => {
      await told.up(0);
      await told.topic("a", [[0]]);
      await told.assign(0, "a", directoryOf(99));
      await told.assign(0, "a", directoriesOf(0)[0]);
    },
  },
  {
    title: "A move that is changed on the way keeps what it has added, and nothing else",
    apis: ["AlterPartitionReassignments"],
    kafka:
      "Each list holds what the last request adds or removes, or stays as it was where that is nothing: giving the move up leaves replicas that were never there, and completing it may remove one that is wanted.",
    here: "The list of additions grows with each change, so the others are always the replicas from before the move; the list of removals is that of the last request.",
    why: "Giving a move up must restore what was there before it.",
    explains: (difference) =>
      sameResponses(difference) &&
      partitionsDiffer(
        difference,
        ({ before, ours, theirs }) =>
          before !== undefined &&
          before.addingReplicas.length + before.removingReplicas.length > 0 &&
          // Where nothing is left to add or remove it is not written at all.
          without(ours, "addingReplicas", "removingReplicas", "partitionEpoch") ===
            without(theirs, "addingReplicas", "removingReplicas", "partitionEpoch"),
      ),
    shown: async (told) => {
      await told.up(0, 1, 2);
      await told.topic("a", [[0]]);
      await told.reassign("a", [1]);
      await told.reassign("a", [2]);
      await told.topic("b", [[0]]);
      await told.reassign("b", [1]);
      await told.reassign("b", [1, 0]);
    },
  },
  {
    title: "A move whose list of additions is old is completed",
    apis: [
      "AlterPartition",
      "AlterPartitionReassignments",
      "AssignReplicasToDirs",
      "BrokerHeartbeat",
      "BrokerRegistration",
      "ElectLeaders",
      "UnregisterBroker",
    ],
    kafka:
      "It waits for ever for a replica that it is removing, as its list of additions still names it.",
    here: "A replica that is on both lists is waited for by nobody.",
    why: "The move is what the operator asked for last.",
    releases: ["4.3.1"],
    explains: (difference) =>
      partitionsDiffer(difference, ({ before, theirs }) =>
        [before, theirs].some((state) =>
          state?.addingReplicas.some((id) => state.removingReplicas.includes(id)),
        ),
      ),
    shown: async (told) => {
      await told.up(0, 1, 2);
      await told.topic("a", [[0, 1]]);
      await told.reassign("a", [2, 1]);
      await told.reassign("a", [0, 1]);
      await told.propose("a", [0, 1, 2]);
    },
  },
  {
    title: "A move of a partition that nobody leads waits for a leader",
    apis: ["BrokerHeartbeat"],
    kafka:
      "Whoever returns, each partition without a leader is looked at, and a move is completed whose replicas were the last in sync.",
    here: "It is completed when one of them leads again.",
    why: "A broker that returns should cost what it can lead, not all that nobody leads.",
    explains: (difference) =>
      sameResponses(difference) &&
      partitionsDiffer(
        difference,
        ({ before, ours, theirs }) =>
          before?.leader === -1 &&
          theirs?.leader === -1 &&
          theirs.addingReplicas.length + theirs.removingReplicas.length === 0 &&
          inJson(ours) === inJson(before),
      ),
    shown: async (told) => {
      await told.up(0, 1);
      await told.topic("a", [[1, 0]], { "unclean.leader.election.enable": "true" });
      await told.propose("a", [1]);
      await told.beat(0, { wantFence: true });
      await told.ask("UnregisterBroker", { brokerId: 1 });
      await told.reassign("a", [0]);
      await told.beat(0);
      await told.beat(0, { wantFence: true });
      await told.up(2);
    },
  },
  {
    title: "A move is complete once what it adds is in sync",
    apis: [
      "AlterPartition",
      "AlterPartitionReassignments",
      "AssignReplicasToDirs",
      "BrokerHeartbeat",
      "BrokerRegistration",
      "ElectLeaders",
      "UnregisterBroker",
    ],
    kafka: "Every replica that stays must be in sync too.",
    here: "As in 4.3: only where fewer are added than removed must those that stay be in sync.",
    why: "A follower that is down must not keep a move from its end.",
    issue: "KAFKA-19975",
    releases: ["4.0.2", "4.1.2"],
    explains: (difference) =>
      partitionsDiffer(
        difference,
        ({ ours, theirs }) =>
          ours?.addingReplicas.length === 0 &&
          ours.removingReplicas.length === 0 &&
          (theirs?.addingReplicas.length ?? 0) + (theirs?.removingReplicas.length ?? 0) > 0,
      ),
    shown: async (told) => {
      await told.up(0, 1, 2);
      await told.topic("a", [[0, 1]]);
      await told.propose("a", [0]);
      await told.reassign("a", [2, 1]);
      await told.propose("a", [0, 2]);
    },
  },
  {
    title: "A move that is given up without a replica in sync leaves a leader that recovers",
    apis: ["AlterPartitionReassignments"],
    kafka: "The first of the old replicas leads, and counts as recovered.",
    here: "It leads, and is recovering (KIP-704).",
    why: "It was not in sync: records may be lost, and its followers must be told.",
    explains: (difference) =>
      sameResponses(difference) &&
      inJson(difference.asked.body).includes('"replicas":null') &&
      partitionsDiffer(
        difference,
        ({ ours, theirs }) =>
          without(ours, "leaderRecoveryState") === without(theirs, "leaderRecoveryState") &&
          ours?.leaderRecoveryState === 1,
      ),
    shown: async (told) => {
      await told.up(0, 1, 2);
      await told.topic("a", [[0]], { "unclean.leader.election.enable": "true" });
      await told.reassign("a", [1, 2]);
      await told.propose("a", [0, 1]);
      await told.beat(0, { wantFence: true });
      await told.reassign("a", null);
    },
  },
];

const CORDONED = " or some brokers have all their log directories cordoned";

/** Kafka's words without what it says of cordoned directories, and without its count of brokers that are not. */
const plainly = (text: string): string =>
  text
    .replaceAll(CORDONED, "")
    .replaceAll(/because only \d+ broker/g, "because only N broker")
    .replaceAll("fenced, or have all their log directories cordoned", "fenced");

export const KNOWN_OF_TOPICS: readonly Known[] = [
  {
    title: "Cordoned directories are spoken of where they are the reason",
    apis: ["CreateTopics", "CreatePartitions"],
    kafka:
      "A factor that cannot be reached is always said to be perhaps the fault of cordoned directories.",
    here: "Only where a broker was passed over for them; and those are counted that are registered.",
    why: "Who has none looks for them.",
    releases: ["4.3.1"],
    explains: (difference) =>
      difference.in === "response" &&
      inJson(difference.theirs.response).includes("cordoned") &&
      sameResponses(difference, plainly),
    shown: async (told) => {
      await told.up(0);
      await told.ask("CreateTopics", {
        topics: [
          { name: "a", numPartitions: 1, replicationFactor: 2, assignments: [], configs: [] },
        ],
      });
    },
  },
  {
    title: "No replica is put on a broker whose directories are all cordoned",
    apis: ["CreateTopics", "CreatePartitions", "AlterPartitionReassignments"],
    kafka: "Accepted where the operator names the broker; refused from a later 4.3 on.",
    here: "INVALID_REPLICA_ASSIGNMENT, in the words of the later release.",
    why: "KIP-1066: a cordoned directory takes no new replica.",
    releases: ["4.3.1"],
    explains: (difference) =>
      inJson(difference.ours.response).includes("but all its log directories are cordoned."),
    shown: async (told) => {
      await told.up(0, 1);
      await told.beat(1, { cordonedLogDirs: directoriesOf(1) });
      await told.topic("a", [[0, 1]]);
    },
    metadataVersion: 30,
  },
  {
    title: "A broker that stops may be given replicas, as a fenced one may",
    apis: ["CreateTopics", "CreatePartitions"],
    kafka:
      "It is passed over by the controller that has seen the shutdown begin, so there may be too few; after a failover it is a candidate.",
    here: "It is a candidate for replicas that are not in sync, whichever controller is active.",
    why: "Placement hangs on the log alone; the broker will be back.",
    explains: (difference) =>
      [...difference.before.cluster.brokers.values()].some(
        ({ fenced, inControlledShutdown }) => !fenced && inControlledShutdown,
      ) &&
      inJson(difference.theirs.response).includes("cannot be reached because only") &&
      (inJson(difference.ours.response).includes('"errorCode":0') ||
        sameResponses(difference, plainly)),
    shown: async (told) => {
      await told.up(0, 1);
      await told.topic("a", [[1, 0]]);
      await told.beat(1, { wantShutDown: true });
      await told.ask("CreateTopics", {
        topics: [
          { name: "c", numPartitions: 1, replicationFactor: 2, assignments: [], configs: [] },
        ],
      });
    },
  },
];
