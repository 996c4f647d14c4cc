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
    name: "the registration of a voter is ended",
    breaks: "KIP-1312",
    edits: [
      {
        file: "src/metadata/control/unregister-controller.ts",
        find: "context.controllers.some(({ id }) => id === controllerId)",
        replace: "context.controllers.length === 0",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a controller is unregistered below the level that has the record",
    breaks: "KIP-1312",
    edits: [
      {
        file: "src/metadata/control/unregister-controller.ts",
        find: "metadataVersion < MV_CONTROLLER_UNREGISTRATION",
        replace: "metadataVersion < MV_CONTROLLER_UNREGISTRATION - 1",
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
    name: "a cluster begins without the users that it was formed with",
    breaks: "KIP-900",
    edits: [
      {
        file: "src/metadata/bootstrap.ts",
        find: "    ...others,\n    ...users,\n    ...last,",
        replace: "    ...others,\n    ...last,",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a bucket is filled beyond what it holds",
    breaks: "KIP-599",
    edits: [
      {
        file: "src/metadata/quotas/mutation-buckets.ts",
        find: "Math.min(capacity, tokens + (rate * Math.max(0, nowMs - countedMs)) / 1_000);",
        replace: "tokens + (capacity - capacity + rate * Math.max(0, nowMs - countedMs)) / 1_000;",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "an overdrawn bucket gives on",
    breaks: "KIP-599",
    edits: [
      {
        file: "src/metadata/quotas/mutation-buckets.ts",
        find: "if (isStrict && bucket.tokens < 0) return",
        replace: "if (isStrict && bucket.tokens < -bucket.capacity) return",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a flood of client ids has a bucket for each",
    breaks: "everything held has a bound",
    edits: [
      {
        file: "src/metadata/quotas/mutation-buckets.ts",
        find: "  if (buckets.size < MUTATION_BUCKETS_MAX) return buckets;",
        replace: "  if (buckets.size >= 0) return buckets;",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "what is only validated costs nothing",
    breaks: "KIP-599",
    edits: [
      {
        file: "src/metadata/control/create-topics.ts",
        find: "  const unpaid = batch.charge.take(partitions.planned.length);",
        replace:
          "  const unpaid = batch.isDry ? null : batch.charge.take(partitions.planned.length);",
      },
      {
        file: "src/metadata/control/create-topics.ts",
        find: "  const batch: Batch = { placements, charge, taken: new Map() };",
        replace:
          "  const batch = { placements, charge, taken: new Map(), isDry: request.validateOnly };",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a fenced broker that calls has no session",
    breaks: "KIP-631",
    edits: [
      {
        file: "src/metadata/control/broker-heartbeat.ts",
        find: '  if (reached === "fenced") return withFencedContact(context.liveness, broker, context.nowMs);',
        replace: '  if (reached === "fenced") return withoutContact(context.liveness, broker.id);',
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a topic that is named and given by its id is deleted",
    breaks: "KIP-516",
    edits: [
      {
        file: "src/metadata/control/delete-topics.ts",
        find: "    if (repeated.idsAndNames.has(topicId)) return ID_AND_NAME;",
        replace: "",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a broker registers with a range that does not hold level 0",
    breaks: "KIP-1022",
    edits: [
      {
        file: "src/metadata/control/broker-registration.ts",
        find: "    return minSupportedVersion <= level && level <= maxSupportedVersion;",
        replace:
          "    return level === 0 || (minSupportedVersion <= level && level <= maxSupportedVersion);",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a batch of what brokers cause is cut by its records alone",
    breaks: "no event takes long",
    edits: [
      {
        file: "src/metadata/control/batch-bound.ts",
        find: " || bytes > BOUNDED_BATCH_BYTES;",
        replace: ";",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a batch of what brokers cause is cut by its bytes alone",
    breaks: "no event takes long",
    edits: [
      {
        file: "src/metadata/control/batch-bound.ts",
        find: "count >= BOUNDED_BATCH_RECORDS || bytes",
        replace: "bytes",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a batch of what brokers cause is measured without its header",
    breaks: "a size is input",
    edits: [
      {
        file: "src/metadata/control/batch-bound.ts",
        find: "#bytes = BATCH_HEADER_BYTES;",
        replace: "#bytes = 0;",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "what brokers cause is never cut",
    breaks: "no event takes long",
    edits: [
      {
        file: "src/metadata/control/batch-bound.ts",
        find: "    this.#isWhole = count === 0 || !isFull;\n",
        replace: "",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a batch that was cut counts as the whole of it",
    breaks: "P22",
    edits: [
      {
        file: "src/metadata/control/batch-bound.ts",
        find: "if (!this.add(record)) return false;",
        replace: "if (!this.add(record)) return true;",
      },
      {
        file: "src/metadata/control/batch-bound.ts",
        find: "  take(records: Iterable<MetadataRecord>): boolean {\n    if (!this.#isWhole) return false;",
        replace:
          "  take(records: Iterable<MetadataRecord>): boolean {\n    if (!this.#isWhole) return true;",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a batch goes on after a record that did not fit",
    breaks: "P22",
    edits: [
      {
        file: "src/metadata/control/batch-bound.ts",
        find: "  add(record: MetadataRecord): boolean {\n    if (!this.#isWhole) return false;\n",
        replace: "  add(record: MetadataRecord): boolean {\n",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a record that is larger than the bound is never written",
    breaks: "what a broker causes is done in the end",
    edits: [
      {
        file: "src/metadata/control/batch-bound.ts",
        find: "count === 0 || !isFull",
        replace: "!isFull",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "replicas are placed, however many",
    breaks: "bounds before allocation",
    edits: [
      {
        file: "src/metadata/control/topic-plan.ts",
        find: "    return this.#left >= 0;",
        replace: "    return this.#left >= -Infinity;",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "the sweep over leaderless partitions looks at preferred replicas alone",
    breaks: "KAFKA-12670",
    edits: [
      {
        file: "src/metadata/image/topics-image.ts",
        find: "leaderIn(chunk, at) === -1 && hasReplicaIn(chunk, at, marked),\n  );",
        replace: "leaderIn(chunk, at) === -1 && marked[preferredSlotIn(chunk, at)] === 1,\n  );",
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
