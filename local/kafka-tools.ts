/** Kafka's own command line tools: the scripts of a distribution and the main class behind each. */
const MAIN_CLASSES = {
  "kafka-topics": "org.apache.kafka.tools.TopicCommand",
  "kafka-configs": "kafka.admin.ConfigCommand",
  "kafka-acls": "org.apache.kafka.tools.AclCommand",
  "kafka-delegation-tokens": "org.apache.kafka.tools.DelegationTokenCommand",
  "kafka-features": "org.apache.kafka.tools.FeatureCommand",
  "kafka-metadata-quorum": "org.apache.kafka.tools.MetadataQuorumCommand",
  "kafka-cluster": "org.apache.kafka.tools.ClusterTool",
  "kafka-log-dirs": "org.apache.kafka.tools.LogDirsCommand",
  "kafka-client-metrics": "org.apache.kafka.tools.ClientMetricsCommand",
  "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
  "kafka-transactions": "org.apache.kafka.tools.TransactionsCommand",
  "kafka-broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
  "kafka-reassign-partitions": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
  "kafka-leader-election": "org.apache.kafka.tools.LeaderElectionCommand",
  "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
  "kafka-share-groups": "org.apache.kafka.tools.consumer.group.ShareGroupCommand",
  "kafka-producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
  "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
  "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
  "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
  "kafka-verifiable-producer": "org.apache.kafka.tools.VerifiableProducer",
  "kafka-verifiable-consumer": "org.apache.kafka.tools.VerifiableConsumer",
  "kafka-verifiable-share-consumer": "org.apache.kafka.tools.VerifiableShareConsumer",
  "kafka-dump-log": "org.apache.kafka.tools.DumpLogSegments",
  "kafka-metadata-shell": "org.apache.kafka.shell.MetadataShell",
} as const;

export type ToolName = keyof typeof MAIN_CLASSES;

/** The main class of a tool in the release `version`, as `4.3.1`. */
export function mainClassOf(version: string, name: ToolName): string {
  // DumpLogSegments moved to Java between 4.1 and 4.2.
  if (name === "kafka-dump-log" && /^4\.[01]\./.test(version)) return "kafka.tools.DumpLogSegments";
  return MAIN_CLASSES[name];
}
