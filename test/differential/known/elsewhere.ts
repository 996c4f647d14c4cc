/**
 * What is known to differ and is not put to both: it takes time to pass, has no answer of Kafka's to compare, or would
 * cost Kafka's controller its office. Each is held by a test of ours.
 */
export interface Elsewhere {
  readonly title: string;
  readonly kafka: string;
  readonly here: string;
  readonly why: string;
  readonly issue?: string;
  /** Which test holds what is here, from the root of the tree. */
  readonly test: string;
}

export const KNOWN_ELSEWHERE: readonly Elsewhere[] = [
  {
    title: "A topic is created, or refused, wholly",
    kafka:
      "A CreatePartitions of too many partitions answers UNKNOWN_SERVER_ERROR and creates some of them.",
    here: "POLICY_VIOLATION, and none.",
    why: "Refused means unchanged.",
    test: "test/metadata/control/create-partitions.test.ts",
  },
  {
    title: "A batch that is too large is POLICY_VIOLATION",
    kafka: "Too many records are POLICY_VIOLATION, too many bytes RECORD_LIST_TOO_LARGE.",
    here: "POLICY_VIOLATION for both; what brokers cause is written in parts, and they are told to ask again.",
    why: "Nothing that a broker causes may be refused for good.",
    test: "test/metadata/control/batch-bound.test.ts",
  },
  {
    title: "Brokers that fall silent together are fenced together",
    kafka: "One at a time, and a partition may be led by the next to be fenced on the way.",
    here: "In one run, in which none of them is elected.",
    why: "Who is silent cannot lead.",
    test: "test/metadata/duties/fence-stale-brokers.test.ts",
  },
  {
    title: "A new leader fences brokers that died before it took office",
    kafka: "Up to 4.0 they stay unfenced until they are heard from.",
    here: "Each unfenced broker has one session from the beginning of the office.",
    why: "Partitions must not wait for a broker that is gone.",
    issue: "KAFKA-18138",
    test: "test/metadata/duties/fence-stale-brokers.test.ts",
  },
  {
    title: "The sweep over leaderless partitions also elects clean leaders",
    kafka: "Only unclean ones.",
    here: "Whoever may lead, where an unfencing met the bound of its batch.",
    why: "An unfencing is written in parts.",
    test: "test/metadata/duties/leader-elections.test.ts",
  },
  {
    title: "Who was eligible before eligible replicas were off is not when they are on again",
    kafka:
      "It is, where nothing has changed the partition in between, though others committed without it.",
    here: "The ELR of such a topic is cleared before the level is raised.",
    why: "No leader may lack what was committed.",
    test: "test/metadata/partitions/min-isr.test.ts",
  },
  {
    title: "A partition that nobody leads keeps its eligible replicas while they are off",
    kafka: "The next change forgets them, and only an unclean election is left.",
    here: "Whoever of them returns leads, cleanly.",
    why: "Nothing has been committed without them.",
    test: "test/metadata/partitions/min-isr.test.ts",
  },
  {
    title: "An unregistered broker is no eligible leader",
    kafka: "It stays in the ELR, and a new broker with its id is elected.",
    here: "It leaves ISR and ELR.",
    why: "It was declared gone, with what it held.",
    test: "test/metadata/control/cluster-operations.test.ts",
  },
  {
    title: "Whoever is eligible, or led last, holds a replica",
    kafka:
      "A move leaves those that it takes away in the ELR, and the last known leader may be -1.",
    here: "Only replicas are in either.",
    why: "Who holds nothing cannot lead.",
    test: "test/metadata/partitions/partition-change.test.ts",
  },
  {
    title: "A move can be given up to replicas that are eligible",
    kafka: "INVALID_REPLICA_ASSIGNMENT, as if it had to be done uncleanly.",
    here: "It is, and the first of them that is there leads.",
    why: "They have all that was committed.",
    test: "test/metadata/partitions/reassignment.test.ts",
  },
  {
    title: "An aborted metadata transaction leaves nothing behind",
    kafka: "Parts of it stay where its successor begins in the same batch.",
    here: "Nothing stays, however the log is cut into batches.",
    why: "At equal offsets images are equal.",
    test: "test/metadata/image-laws.test.ts",
  },
  {
    title: "A topic that is to be deleted by name and by id",
    kafka: "It is refused, and the others are deleted.",
    here: "It is deleted once.",
    why: "Brokers refuse it beforehand.",
    test: "test/metadata/control/hostile-requests.test.ts",
  },
  {
    title: "A name that begins below `*`",
    kafka: "The authorizer throws, or never returns, where an entry shares its letters.",
    here: "It is a name.",
    why: "Every question has a verdict.",
    test: "test/metadata/access/standard-authorizer.test.ts",
  },
  {
    title: "Thousands of SCRAM credentials in one request",
    kafka: "Beyond 10,000 the controller resigns.",
    here: "2,000 users at once.",
    why: "No request costs a leader its office.",
    test: "test/metadata/control/scram-credentials.test.ts",
  },
  {
    title: "An operation on a config, or a security protocol, that is not known",
    kafka: "Its controller resigns.",
    here: "INVALID_REQUEST.",
    why: "No request costs a leader its office.",
    test: "test/metadata/control/hostile-requests.test.ts",
  },
  {
    title: "A resource of a type that is not known, named twice",
    kafka: "AlterConfigs of it has no answer.",
    here: "Each of the two is refused.",
    why: "Every request has an answer.",
    test: "test/metadata/control/hostile-requests.test.ts",
  },
  {
    title: "Two names of one request that collide",
    kafka: "`a.b` and `a_b` are both created.",
    here: "The second is refused, as it is against a topic that exists.",
    why: "Their metrics could not be told apart.",
    test: "test/metadata/control/create-topics.test.ts",
  },
  {
    title: "Throttled replicas that no broker can read",
    kafka:
      "Blanks around a pair, an empty pair and numbers beyond an int are accepted, and every broker faults.",
    here: "INVALID_CONFIG.",
    why: "A value that is taken can be read by every broker.",
    test: "test/metadata/configs/judgements.test.ts",
  },
  {
    title: "A topic's effective config hangs on the log alone",
    kafka: "On the active controller's file, and on the configs of a broker with its id.",
    here: "On the topic's and the cluster's configs in the log.",
    why: "Two controllers with one image answer the same.",
    test: "test/metadata/configs/validate.test.ts",
  },
];
