/**
 * Mistakes in what the controller decides about brokers and partitions.
 */
import type { Mutant } from "./mutant.ts";

export const METADATA_MUTANTS: readonly Mutant[] = [
  {
    name: "an ISR change is accepted from a broker that does not lead",
    breaks: "KIP-497",
    edits: [
      {
        file: "src/metadata/control/alter-partition.ts",
        find: '  if (brokerId !== partition.leader) return "INVALID_REQUEST";\n',
        replace: "",
      },
    ],
    killers: ["isr-is-the-leaders"],
  },
  {
    name: "a fenced broker joins an ISR",
    breaks: "KIP-841",
    edits: [
      {
        file: "src/metadata/control/alter-partition.ts",
        find: "  if (!isActiveBroker(view.cluster, brokerId)) return false;\n",
        replace: "",
      },
    ],
    killers: ["partitions-are-sound"],
  },
  {
    name: "a fenced broker goes on leading",
    breaks: "KIP-841",
    edits: [
      {
        file: "src/metadata/control/broker-departure.ts",
        find: '{ kind: "leaves", brokerId: broker.id }',
        replace: '{ kind: "leaves", brokerId: -1 }',
      },
    ],
    killers: ["partitions-are-sound"],
  },
  {
    name: "a quorum that stood still fences everybody",
    breaks: "KAFKA-18138",
    edits: [
      {
        file: "src/metadata/duties/fence-stale-brokers.ts",
        find: "return lateMs > STOOD_STILL_MS ?",
        replace: "return lateMs > Infinity ?",
      },
    ],
    killers: ["standstills-fence-nobody"],
  },
  {
    name: "a move elects the new, empty replica of an offline partition",
    breaks: "KIP-455",
    edits: [
      {
        file: "src/metadata/control/alter-partition-reassignments.ts",
        find: 'const election = asked.replicas === null ? "configured" : "online";',
        replace: 'const election = "configured";',
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "saying where a replica lies elects it, though it was not in sync",
    breaks: "KIP-858",
    edits: [
      {
        file: "src/metadata/control/assign-replicas-to-dirs.ts",
        find: 'const election = isLost ? "configured" : "online";',
        replace: 'const election = "configured";',
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a move that is changed forgets what it was adding",
    breaks: "KIP-455",
    edits: [
      {
        file: "src/metadata/partitions/reassignment.ts",
        find: "[...added, ...without(target, replicas)]",
        replace: "[...without(target, replicas)]",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a controller whose timers are always late never fences",
    breaks: "KIP-631",
    edits: [
      {
        file: "src/metadata/duties/fence-stale-brokers.ts",
        find: "contact.isSpared || ",
        replace: "",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a controller registers at another endpoint than the voter's",
    breaks: "KIP-919",
    edits: [
      {
        file: "src/metadata/control/controller-registration.ts",
        find: "if (!sameEndpoints(voter.endpoints, listeners)) {",
        replace: "if (voter.endpoints.length < 0) {",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a controlled shutdown begins anew with every heartbeat",
    breaks: "KAFKA-14292",
    edits: [
      {
        file: "src/metadata/liveness/broker-heartbeats.ts",
        find: "  if (contact === undefined || contact.controlledShutdownOffset >= 0) return liveness;",
        replace: "  if (contact === undefined) return liveness;",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "brokers that shut down wait for each other",
    breaks: "KIP-631",
    edits: [
      {
        file: "src/metadata/liveness/broker-heartbeats.ts",
        find: "    if (broker.fenced || broker.inControlledShutdown) continue;",
        replace: "    if (broker.fenced) continue;",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a new office has heard of nobody",
    breaks: "KAFKA-18138",
    edits: [
      {
        file: "src/metadata/liveness/broker-heartbeats.ts",
        find: "    if (!broker.fenced) liveness = withContact(",
        replace: "    if (broker.fenced) liveness = withContact(",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a session ends a millisecond early",
    breaks: "KIP-631",
    edits: [
      {
        file: "src/metadata/liveness/broker-heartbeats.ts",
        find: "contact.lastContactMs + session.timeoutMs >= session.nowMs",
        replace: "contact.lastContactMs + session.timeoutMs > session.nowMs",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a config that nobody knows is told with its value",
    breaks: "KIP-226",
    edits: [
      {
        file: "src/metadata/configs/definitions.ts",
        find: 'return type === null || type === "password";',
        replace: 'return type === "password";',
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a secret that is written anew looks as it did",
    breaks: "P14",
    edits: [
      {
        file: "src/metadata/redaction.ts",
        find: "withWord(record, `${REDACTED} @${endOffset}`)",
        replace: "withWord(record, `${REDACTED} ${endOffset * 0}`)",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "the end of a token is the end of another",
    breaks: "KIP-48",
    edits: [
      {
        file: "src/metadata/redaction.ts",
        find: 'return `${REDACTED} ${hash.toString(16).padStart(16, "0")}`;',
        replace: "return `${REDACTED} ${(hash % 2n).toString()}`;",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
];
