/**
 * Mistakes about eligible leader replicas (KIP-966): each lets a replica lead that may lack what was committed, or leaves
 * the minimum in doubt that all of it stands on.
 */
import type { Mutant } from "./mutant.ts";

const CHANGE = "src/metadata/partitions/partition-change.ts";
const ELECTION = "src/metadata/partitions/leader-election.ts";
const MINIMUM = "src/metadata/partitions/min-isr.ts";

/** All are judged by the tables and the walk of `test/metadata`. */
const row = (
  name: string,
  breaks: string,
  edit: { readonly file: string; readonly find: string; readonly replace: string },
): Mutant => ({ name, breaks, edits: [edit], killers: ["rules"], witness: "rules" });

export const ELR_MUTANTS: readonly Mutant[] = [
  row("who leaves an ISR that still commits is eligible", "KIP-966", {
    file: CHANGE,
    find: "if (present >= committing) return [];",
    replace: "if (present > committing) return [];",
  }),
  row("a broker that was killed stays eligible", "KIP-966", {
    file: CHANGE,
    find: "!target.isr.includes(id) && !uncleanReplicas.includes(id)",
    replace: "!target.isr.includes(id)",
  }),
  row("a broker that was moved away is eligible", "KIP-966", {
    file: CHANGE,
    find: "    .filter((id) => target.replicas.includes(id))\n",
    replace: "",
  }),
  row("how a broker stopped is not asked", "KIP-966", {
    file: "src/metadata/control/broker-registration.ts",
    find: 'wasClean ? "leaves" : "unclean-shutdown"',
    replace: '"leaves"',
  }),
  row("an unregistered broker is eligible", "KIP-966", {
    file: "src/metadata/control/unregister-broker.ts",
    find: 'const kind = "unclean-shutdown";',
    replace: 'const kind = "leaves";',
  }),
  row("an eligible replica leads while others are in sync", "KIP-966", {
    file: ELECTION,
    find: "(isr.length === 0 && elr.includes(brokerId))",
    replace: "elr.includes(brokerId)",
  }),
  row("the last leader is asked back while others are eligible", "KIP-966", {
    file: ELECTION,
    find: "elr.length > 0 || lastKnownElr",
    replace: "lastKnownElr",
  }),
  row("the last leader is asked back, dead or alive", "KAFKA-19522", {
    file: ELECTION,
    find: "replicas.includes(id) && isAcceptable(id)",
    replace: "replicas.includes(id)",
  }),
  row("a last leader that is asked back lacks nothing", "KIP-704", {
    file: ELECTION,
    find: "return { leader: lastKnown, isUnclean: true };",
    replace: "return { leader: lastKnown, isUnclean: false };",
  }),
  row("a last leader that is asked back need hold no replica", "KIP-966", {
    file: ELECTION,
    find: "replicas.includes(id) && isAcceptable(id)",
    replace: "isAcceptable(id)",
  }),
  row("who was eligible before the feature was off is so again", "KIP-966", {
    file: MINIMUM,
    find: "if (partition.isr.length > 0) names.add(",
    replace: "if (partition.isr.length > 9) names.add(",
  }),
  row("nobody leads a partition once the feature is off", "KIP-966", {
    file: CHANGE,
    find: "rules.elrMinIsr === null ? partition.isr.length : target.isr.length",
    replace: "rules.elrMinIsr === null ? 1 : target.isr.length",
  }),
  row("the feature is switched on without a minimum", "KIP-966", {
    file: MINIMUM,
    find: "minimum === null ? [] : [minimum]",
    replace: "[]",
  }),
  row("the feature is switched on over minimums of single brokers", "KIP-966", {
    file: MINIMUM,
    find: "if (isBroker && values.has(MIN_ISR)) yield resourceName;",
    replace: "if (isBroker && values.has(MIN_ISR) && values.size > 9) yield resourceName;",
  }),
  row("a cluster begins with the feature and without its minimum", "KIP-966", {
    file: "src/metadata/bootstrap.ts",
    find: "usesElr ? clusterMinIsr(brokerDefaults) : null",
    replace: "!usesElr ? clusterMinIsr(brokerDefaults) : null",
  }),
  row("under another minimum the same are eligible", "KIP-966", {
    file: MINIMUM,
    find: "if (name !== MIN_ISR || !isElrEnabled(view)) return;",
    replace: "if (name === MIN_ISR || !isElrEnabled(view)) return;",
  }),
  row("the minimum of all brokers is taken away", "KIP-966", {
    file: MINIMUM,
    find: "  return change[1] === null\n",
    replace: "  return change[1] === MIN_ISR\n",
  }),
  row("a broker has a minimum of its own", "KIP-966", {
    file: MINIMUM,
    find: 'if (resourceName !== "") return `Broker-level',
    replace: 'if (resourceName === "-") return `Broker-level',
  }),
  row("a move is given up to whom it began with, in sync or not", "KIP-455", {
    file: "src/metadata/partitions/reassignment.ts",
    find: "remainingIsr.length > 0 || elr.some((id) => replicas.includes(id))",
    replace: "remainingIsr.length >= 0",
  }),
];
