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
];
