/** Where the two differ about brokers: what a controller remembers of them besides the log, mostly. */
import type { BrokerRegistration } from "../../../src/metadata/image/cluster-image.ts";
import { directoryOf, registrationOf } from "../../metadata/office.ts";
import { directoriesOf } from "../broker-lives.ts";
import type { Difference } from "../controller-pair.ts";
import { CLUSTER_ID } from "../jvm-controller.ts";
import {
  asks,
  differentPartitions,
  partitionsDiffer,
  without,
  fieldOf,
  sameImages,
  sameResponses,
  type Known,
} from "./entry.ts";

const CHANGE = "BROKER_REGISTRATION_CHANGE_RECORD";

function brokerOf(difference: Difference): BrokerRegistration | undefined {
  const id = asks(difference, "brokerId");
  return typeof id === "number" ? difference.before.cluster.brokers.get(id) : undefined;
}

const isBehindItsRegistration = (difference: Difference): boolean => {
  const broker = brokerOf(difference);
  const offset = asks(difference, "currentMetadataOffset");
  const registeredAt = difference.memory.get(broker?.id ?? -1)?.registeredAt ?? -1;
  return (
    broker !== undefined &&
    typeof offset === "number" &&
    broker.epoch <= offset &&
    offset < registeredAt
  );
};

/** Whether a directory that is registered is said to have failed. */
function hasFailure(difference: Difference): boolean {
  const offline = asks(difference, "offlineLogDirs");
  return (
    Array.isArray(offline) &&
    brokerOf(difference)?.logDirs.some((id) => offline.includes(id)) === true
  );
}

export const KNOWN_OF_BROKERS: readonly Known[] = [
  {
    title: "A fenced broker that is told to stop is not fenced once more",
    apis: ["BrokerHeartbeat"],
    kafka:
      "Each such heartbeat writes that the broker is fenced, and elects anew where only it was in sync, uncleanly where the topic allows that.",
    here: "Nothing is written: the broker is fenced already.",
    why: "A log should grow by what happens. The sweep over leaderless partitions elects within its interval.",
    explains: (difference) =>
      brokerOf(difference)?.fenced === true &&
      asks(difference, "wantShutDown") === true &&
      sameResponses(difference) &&
      difference.theirs.records.some(({ type, data }) => type === CHANGE && data.fenced === 1) &&
      differentPartitions(difference).every(({ before }) => before?.leader === -1),
    shown: async (told) => {
      await told.register(0);
      await told.beat(0, { wantShutDown: true });
    },
  },
  {
    title: "A broker without a directory left is fenced",
    apis: ["BrokerHeartbeat"],
    kafka: "It stays unfenced, and leads on where it was elected in the same heartbeat.",
    here: "It is fenced in the heartbeat that says so, and stays so.",
    why: "Nothing of it can be read or written; brokers halt by themselves, but not at once.",
    explains: (difference) => {
      const broker = brokerOf(difference);
      const offline = asks(difference, "offlineLogDirs");
      return (
        broker !== undefined &&
        Array.isArray(offline) &&
        broker.logDirs.length > 0 &&
        broker.logDirs.every((id) => offline.includes(id))
      );
    },
    shown: async (told) => {
      await told.up(0, 1);
      await told.topic("a", [[0, 1]]);
      await told.beat(0, { offlineLogDirs: directoriesOf(0) });
    },
  },
  {
    title: "A registration that says nothing new is not written again",
    apis: ["BrokerRegistration"],
    kafka: "The same incarnation's registration is written each time that it is asked for.",
    here: "It is written where it says something else than before.",
    why: "A log should grow by what happens.",
    explains: (difference) =>
      brokerOf(difference)?.incarnationId === asks(difference, "incarnationId") &&
      sameResponses(difference) &&
      sameImages(difference) &&
      difference.ours.records.length === 0,
    shown: async (told) => {
      await told.register(0);
      await told.amend(0);
    },
  },
  {
    title: "A broker knows itself once it has read its epoch",
    apis: ["BrokerHeartbeat"],
    kafka:
      "After an amendment of its registration a broker counts as behind until it has read that too, and is not unfenced.",
    here: "A broker is caught up that has read the record of its epoch.",
    why: "Its epoch is what is asked for by it; which record amended it is in no image, and would not outlive a snapshot.",
    explains: (difference) =>
      isBehindItsRegistration(difference) &&
      fieldOf(difference.ours.response, "isCaughtUp") === true &&
      fieldOf(difference.theirs.response, "isCaughtUp") === false,
    shown: async (told) => {
      await told.up(0);
      await told.amend(0, { rack: "r7" });
      await told.beat(0, { currentMetadataOffset: told.endOffset - 2 });
    },
  },
  {
    title: "What a broker has read is remembered across its own changes",
    apis: ["BrokerHeartbeat"],
    kafka:
      "Each record that registers, unfences or stops a broker makes the controller forget how far it has read; until its next heartbeat no other broker is let go.",
    here: "What its last heartbeat said counts.",
    why: "A broker that stops is let go a heartbeat earlier. The offset was true when it was told, and offsets do not fall.",
    explains: (difference) =>
      brokerOf(difference)?.inControlledShutdown === true &&
      fieldOf(difference.ours.response, "shouldShutDown") === true &&
      fieldOf(difference.theirs.response, "shouldShutDown") === false &&
      [...difference.before.cluster.brokers.values()].some(
        ({ id, fenced, inControlledShutdown }) =>
          !fenced && !inControlledShutdown && difference.memory.get(id)?.isUnheard === true,
      ),
    shown: async (told) => {
      await told.up(0, 1);
      await told.topic("a", [[0, 1]]);
      await told.beat(0, { wantShutDown: true });
      await told.beat(1);
      // Fenced and unfenced: after that Kafka's controller knows nothing of it.
      await told.beat(1, { wantFence: true });
      await told.beat(1);
      await told.beat(0, { wantShutDown: true });
    },
  },
  {
    title: "A shutdown goes on when the registration is amended",
    apis: ["BrokerHeartbeat"],
    kafka:
      "An amendment makes the controller forget the shutdown: the broker is let go at its next heartbeat, though others may still read what it leads.",
    here: "It waits for what it waited for.",
    why: "Who is let go early is asked for what it no longer serves.",
    explains: (difference) => {
      const broker = brokerOf(difference);
      const registeredAt = difference.memory.get(broker?.id ?? -1)?.registeredAt ?? -1;
      return (
        broker?.inControlledShutdown === true &&
        registeredAt > broker.epoch &&
        fieldOf(difference.ours.response, "shouldShutDown") === false &&
        fieldOf(difference.theirs.response, "shouldShutDown") === true
      );
    },
    shown: async (told) => {
      await told.up(0, 1);
      await told.topic("a", [[0, 1]]);
      await told.beat(0, { wantShutDown: true });
      await told.amend(0, { rack: "r7" });
      await told.beat(0, { wantShutDown: true });
    },
  },
  {
    title: "A broker that stops loses what it still has at each heartbeat",
    apis: ["BrokerHeartbeat"],
    kafka:
      "Its partitions are elected anew when its shutdown begins; one that nobody could take then waits for the sweep.",
    here: "At each of its heartbeats, so somebody who has come back meanwhile takes over.",
    why: "A shutdown may need more records than a batch has, and goes on over several heartbeats.",
    explains: (difference) =>
      brokerOf(difference)?.inControlledShutdown === true &&
      sameResponses(difference) &&
      partitionsDiffer(
        difference,
        ({ before, ours }) => before?.leader === -1 && ours?.leader !== -1,
      ),
    shown: async (told) => {
      await told.up(0, 1);
      await told.beat(1, { wantFence: true });
      await told.topic("a", [[0, 1]]);
      await told.beat(0, { wantShutDown: true });
      // Unfenced, and behind the offset that the shutdown waits for.
      const currentMetadataOffset = told.image.cluster.brokers.get(1)?.epoch ?? -1;
      await told.beat(1, { currentMetadataOffset });
      await told.configure("a", "unclean.leader.election.enable", "true");
      await told.beat(0, { wantShutDown: true });
    },
  },
  {
    title: "A heartbeat's parts see each other",
    apis: ["BrokerHeartbeat"],
    kafka:
      "The broker changes its state first; then the directories that it reports as failed are taken from it, so that a partition may change twice, and may stay with a leader in a directory that has failed.",
    here: "The directories first: it comes to lead nothing in them.",
    why: "A leader that cannot read its log is none.",
    explains: (difference) =>
      sameResponses(difference) &&
      hasFailure(difference) &&
      partitionsDiffer(
        difference,
        ({ ours, theirs }) =>
          without(ours, "leader", "leaderEpoch", "partitionEpoch") ===
          without(theirs, "leader", "leaderEpoch", "partitionEpoch"),
      ),
    shown: async (told) => {
      await told.up(3, 4);
      await told.topic("a", [[3]]);
      const [id] = directoriesOf(3);
      await told.assign(3, "a", id);
      await told.beat(3, { wantFence: true });
      await told.beat(3, { offlineLogDirs: [id] });
    },
  },
  {
    title: "A directory that is not there is not cordoned",
    apis: ["BrokerHeartbeat"],
    kafka:
      "What the broker lists is written, as often as it lists it, directories that have failed or were never there too.",
    here: "Those of its online directories, each once.",
    why: "All of a broker's directories are cordoned where all that are online are.",
    releases: ["4.3.1"],
    metadataVersion: 30,
    explains: (difference) => {
      const cordoned = asks(difference, "cordonedLogDirs");
      const online = brokerOf(difference)?.logDirs ?? [];
      const offline = asks(difference, "offlineLogDirs");
      return (
        Array.isArray(cordoned) &&
        sameResponses(difference) &&
        (new Set(cordoned).size < cordoned.length ||
          cordoned.some(
            (id) => !online.includes(id) || (Array.isArray(offline) && offline.includes(id)),
          ))
      );
    },
    shown: async (told) => {
      await told.up(0);
      await told.beat(0, { cordonedLogDirs: directoriesOf(1) });
    },
  },
  {
    title: "An empty list of cordoned directories is no news",
    apis: ["BrokerHeartbeat"],
    kafka: "It is written though no directory was cordoned before.",
    here: "Nothing is written.",
    why: "A log should grow by what happens.",
    releases: ["4.3.1"],
    metadataVersion: 30,
    explains: (difference) =>
      difference.in === "records" &&
      sameImages(difference) &&
      fieldOf(difference.asked.body, "cordonedLogDirs") !== null &&
      difference.theirs.records.length === difference.ours.records.length + 1,
    shown: async (told) => {
      await told.up(0);
      await told.beat(0, { cordonedLogDirs: [] });
    },
  },
  {
    title: "An amended registration keeps what is cordoned",
    apis: ["BrokerRegistration"],
    kafka: "The broker's directories count as not cordoned until its next heartbeat says it again.",
    here: "They stay cordoned.",
    why: "A registration says nothing of it.",
    releases: ["4.3.1"],
    metadataVersion: 30,
    explains: (difference) =>
      (brokerOf(difference)?.cordonedLogDirs.length ?? 0) > 0 &&
      brokerOf(difference)?.incarnationId === asks(difference, "incarnationId") &&
      sameResponses(difference),
    shown: async (told) => {
      await told.up(3);
      await told.beat(3, { cordonedLogDirs: directoriesOf(3).slice(0, 1) });
      await told.amend(3, { rack: "r7" });
    },
  },
  {
    title: "A broker that was told to stop may be replaced at once",
    apis: ["BrokerRegistration"],
    kafka:
      "DUPLICATE_BROKER_REGISTRATION until a session after its last heartbeat, though it has stopped cleanly.",
    here: "Accepted, or refused for another fault: who was told to stop is gone.",
    why: "A broker that is restarted quickly need not wait for nine seconds.",
    explains: (difference) =>
      brokerOf(difference)?.fenced === true &&
      brokerOf(difference)?.incarnationId !== asks(difference, "incarnationId") &&
      fieldOf(difference.theirs.response, "errorCode") === 101 &&
      fieldOf(difference.ours.response, "errorCode") !== 101,
    shown: async (told) => {
      await told.register(0);
      await told.beat(0, { wantShutDown: true });
      await told.register(0);
    },
  },
  {
    title: "A voter's id and ids below 0 are no broker's",
    apis: ["BrokerRegistration"],
    kafka: "A broker registers under a controller's id, and under -5.",
    here: "INVALID_REGISTRATION.",
    why: "An id below 0 means nobody wherever a leader or a replica is named, and voters are nodes too.",
    explains: (difference) => {
      const id = asks(difference, "brokerId");
      return (
        typeof id === "number" &&
        (id < 0 || difference.before.cluster.controllers.has(id)) &&
        fieldOf(difference.ours.response, "errorCode") === 119
      );
    },
    shown: async (told) => {
      await told.ask("BrokerRegistration", {
        ...REGISTRATION,
        clusterId: CLUSTER_ID,
        brokerId: -5,
      });
    },
  },
];

const REGISTRATION = {
  ...registrationOf(0),
  incarnationId: directoryOf(8_000),
  logDirs: [directoryOf(8_001)],
};
