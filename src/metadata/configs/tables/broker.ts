/**
 * The broker configs that can change while a broker runs (KIP-226), of all brokers or of one. A broker judges their
 * values before it forwards them; a controller that is asked directly must, since brokers read what it keeps.
 */
import { byName, type ConfigDefinition, type ConfigDefinitions } from "../definition.ts";
import { elementsIn } from "../values.ts";
import { STATIC_BROKER_CONFIGS } from "./static-broker.ts";
import { refusesGzipLevel } from "./topic.ts";

const LONG_MAX = "9223372036854775807";

const definitions: readonly ConfigDefinition[] = [
  { name: "background.threads", type: "int", default: "10", min: 1 },
  {
    name: "compression.gzip.level",
    type: "int",
    default: "-1",
    refuses: refusesGzipLevel,
  },
  { name: "compression.lz4.level", type: "int", default: "9", min: 1, max: 17 },
  {
    name: "compression.type",
    type: "string",
    default: "producer",
    oneOf: ["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"],
  },
  { name: "compression.zstd.level", type: "int", default: "3", min: -131_072, max: 22 },
  { name: "config.providers", type: "list", default: "" },
  { name: "cordoned.log.dirs", type: "list", default: "" },
  { name: "follower.fetch.last.tiered.offset.enable", type: "boolean", default: "false" },
  { name: "follower.replication.throttled.rate", type: "long", default: LONG_MAX, min: 0 },
  { name: "group.consumer.assignment.interval.ms", type: "int", default: "1000", min: 0 },
  {
    name: "group.coordinator.cached.buffer.max.bytes",
    type: "int",
    default: "1048588",
    min: 524_288,
  },
  { name: "group.share.assignment.interval.ms", type: "int", default: "1000", min: 0 },
  { name: "group.streams.assignment.interval.ms", type: "int", default: "1000", min: 0 },
  { name: "leader.replication.throttled.rate", type: "long", default: LONG_MAX, min: 0 },
  {
    name: "listener.security.protocol.map",
    type: "string",
    default: "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT",
  },
  {
    name: "listeners",
    type: "list",
    default: "PLAINTEXT://:9092",
    refuses: (value) =>
      elementsIn(value).length === 0
        ? "Configuration 'listeners' must not be empty. Valid values include: any non-empty value"
        : null,
  },
  { name: "log.cleaner.backoff.ms", type: "long", default: "15000", min: 0 },
  { name: "log.cleaner.dedupe.buffer.size", type: "long", default: "134217728" },
  { name: "log.cleaner.delete.retention.ms", type: "long", default: "86400000", min: 0 },
  { name: "log.cleaner.io.buffer.load.factor", type: "double", default: "0.9" },
  { name: "log.cleaner.io.buffer.size", type: "int", default: "524288", min: 0 },
  {
    name: "log.cleaner.io.max.bytes.per.second",
    type: "double",
    default: "1.7976931348623157E308",
  },
  { name: "log.cleaner.max.compaction.lag.ms", type: "long", default: LONG_MAX, min: 1 },
  { name: "log.cleaner.min.cleanable.ratio", type: "double", default: "0.5", min: 0, max: 1 },
  { name: "log.cleaner.min.compaction.lag.ms", type: "long", default: "0", min: 0 },
  { name: "log.cleaner.threads", type: "int", default: "1", min: 0 },
  { name: "log.cleanup.policy", type: "list", default: "delete", oneOf: ["compact", "delete"] },
  { name: "log.flush.interval.messages", type: "long", default: LONG_MAX, min: 1 },
  { name: "log.flush.interval.ms", type: "long", default: "" },
  { name: "log.index.interval.bytes", type: "int", default: "4096", min: 0 },
  { name: "log.index.size.max.bytes", type: "int", default: "10485760", min: 4 },
  { name: "log.local.retention.bytes", type: "long", default: "-2", min: -2 },
  { name: "log.local.retention.ms", type: "long", default: "-2", min: -2 },
  { name: "log.message.timestamp.after.max.ms", type: "long", default: "3600000", min: 0 },
  { name: "log.message.timestamp.before.max.ms", type: "long", default: LONG_MAX, min: 0 },
  {
    name: "log.message.timestamp.type",
    type: "string",
    default: "CreateTime",
    oneOf: ["CreateTime", "LogAppendTime"],
  },
  { name: "log.preallocate", type: "boolean", default: "false" },
  { name: "log.retention.bytes", type: "long", default: "-1" },
  { name: "log.retention.ms", type: "long", default: "" },
  { name: "log.roll.jitter.ms", type: "long", default: "" },
  { name: "log.roll.ms", type: "long", default: "" },
  { name: "log.segment.bytes", type: "int", default: "1073741824", min: 1_048_576 },
  { name: "log.segment.delete.delay.ms", type: "long", default: "60000", min: 0 },
  { name: "max.connection.creation.rate", type: "int", default: "2147483647", min: 0 },
  { name: "max.connections", type: "int", default: "2147483647", min: 0 },
  { name: "max.connections.per.ip", type: "int", default: "2147483647", min: 0 },
  { name: "max.connections.per.ip.overrides", type: "string", default: "" },
  { name: "message.max.bytes", type: "int", default: "1048588", min: 0 },
  {
    name: "metric.reporters",
    type: "list",
    default: "org.apache.kafka.common.metrics.JmxReporter",
  },
  { name: "min.insync.replicas", type: "int", default: "1", min: 1 },
  { name: "num.io.threads", type: "int", default: "8", min: 1 },
  { name: "num.network.threads", type: "int", default: "3", min: 1 },
  { name: "num.recovery.threads.per.data.dir", type: "int", default: "2", min: 1 },
  { name: "num.replica.fetchers", type: "int", default: "1", min: 1 },
  {
    name: "principal.builder.class",
    type: "class",
    default: "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder",
  },
  { name: "producer.id.expiration.ms", type: "int", default: "86400000", min: 1 },
  { name: "remote.fetch.max.wait.ms", type: "int", default: "500", min: 1 },
  { name: "remote.list.offsets.request.timeout.ms", type: "long", default: "30000", min: 1 },
  {
    name: "remote.log.index.file.cache.total.size.bytes",
    type: "long",
    default: "1073741824",
    min: 1,
  },
  { name: "remote.log.manager.copier.thread.pool.size", type: "int", default: "10", min: 1 },
  { name: "remote.log.manager.copy.max.bytes.per.second", type: "long", default: LONG_MAX, min: 1 },
  { name: "remote.log.manager.expiration.thread.pool.size", type: "int", default: "10", min: 1 },
  {
    name: "remote.log.manager.fetch.max.bytes.per.second",
    type: "long",
    default: LONG_MAX,
    min: 1,
  },
  { name: "remote.log.manager.follower.thread.pool.size", type: "int", default: "2", min: 1 },
  { name: "remote.log.reader.threads", type: "int", default: "10", min: 1 },
  {
    name: "replica.alter.log.dirs.io.max.bytes.per.second",
    type: "long",
    default: LONG_MAX,
    min: 0,
  },
  { name: "sasl.enabled.mechanisms", type: "list", default: "GSSAPI" },
  { name: "sasl.jaas.config", type: "password", default: "" },
  { name: "sasl.kerberos.kinit.cmd", type: "string", default: "/usr/bin/kinit" },
  { name: "sasl.kerberos.min.time.before.relogin", type: "long", default: "60000" },
  { name: "sasl.kerberos.principal.to.local.rules", type: "list", default: "DEFAULT" },
  { name: "sasl.kerberos.service.name", type: "string", default: "" },
  { name: "sasl.kerberos.ticket.renew.jitter", type: "double", default: "0.05" },
  { name: "sasl.kerberos.ticket.renew.window.factor", type: "double", default: "0.8" },
  { name: "sasl.login.refresh.buffer.seconds", type: "short", default: "300" },
  { name: "sasl.login.refresh.min.period.seconds", type: "short", default: "60" },
  { name: "sasl.login.refresh.window.factor", type: "double", default: "0.8" },
  { name: "sasl.login.refresh.window.jitter", type: "double", default: "0.05" },
  { name: "sasl.mechanism.inter.broker.protocol", type: "string", default: "GSSAPI" },
  {
    name: "share.coordinator.cached.buffer.max.bytes",
    type: "int",
    default: "1048588",
    min: 524_288,
  },
  { name: "ssl.cipher.suites", type: "list", default: "" },
  {
    name: "ssl.client.auth",
    type: "string",
    default: "none",
    oneOf: ["required", "requested", "none"],
  },
  { name: "ssl.enabled.protocols", type: "list", default: "TLSv1.2,TLSv1.3" },
  { name: "ssl.endpoint.identification.algorithm", type: "string", default: "https" },
  { name: "ssl.engine.factory.class", type: "class", default: "" },
  { name: "ssl.key.password", type: "password", default: "" },
  { name: "ssl.keymanager.algorithm", type: "string", default: "SunX509" },
  { name: "ssl.keystore.certificate.chain", type: "password", default: "" },
  { name: "ssl.keystore.key", type: "password", default: "" },
  { name: "ssl.keystore.location", type: "string", default: "" },
  { name: "ssl.keystore.password", type: "password", default: "" },
  { name: "ssl.keystore.type", type: "string", default: "JKS" },
  { name: "ssl.protocol", type: "string", default: "TLSv1.3" },
  { name: "ssl.provider", type: "string", default: "" },
  { name: "ssl.secure.random.implementation", type: "string", default: "" },
  { name: "ssl.trustmanager.algorithm", type: "string", default: "PKIX" },
  { name: "ssl.truststore.certificates", type: "password", default: "" },
  { name: "ssl.truststore.location", type: "string", default: "" },
  { name: "ssl.truststore.password", type: "password", default: "" },
  { name: "ssl.truststore.type", type: "string", default: "JKS" },
  { name: "transaction.partition.verification.enable", type: "boolean", default: "true" },
  { name: "unclean.leader.election.enable", type: "boolean", default: "false" },
];

/** Those that can change, and those that cannot. */
export const BROKER_CONFIGS: ConfigDefinitions = byName([...STATIC_BROKER_CONFIGS, ...definitions]);

/** Configs of one listener or of one SASL mechanism carry a prefix: `listener.name.<listener>.[<mechanism>.]`. */
const LISTENER_PREFIX = /^listener\.name\.[^.]+\.(?:(?:plain|gssapi|oauthbearer|scram-sha-\d+)\.)?/;

/** The definition of a broker config, also under the prefix of a listener; undefined where it is not known here. */
export function brokerDefinition(name: string): ConfigDefinition | undefined {
  const own = BROKER_CONFIGS.get(name);
  const base = own ?? BROKER_CONFIGS.get(name.replace(LISTENER_PREFIX, ""));
  return own ?? (base === undefined ? undefined : { ...base, name });
}
