/**
 * The broker configs that can change while a broker runs (KIP-226): which type each has, and which must never be
 * shown. A broker judges their values before it forwards them; a controller keeps them and tells them again, so
 * no bound stands here.
 */
import type { ConfigType } from "../definition.ts";

const NAMES_BY_TYPE: Readonly<Partial<Record<ConfigType, string>>> = {
  boolean: `
    auto.create.topics.enable log.message.downconversion.enable log.preallocate
    remote.log.storage.system.enable unclean.leader.election.enable
    ssl.allow.dn.changes ssl.allow.san.changes`,
  string: `
    advertised.listeners compression.type listener.security.protocol.map log.message.timestamp.type
    max.connections.per.ip.overrides principal.builder.class sasl.mechanism.inter.broker.protocol
    ssl.client.auth ssl.endpoint.identification.algorithm ssl.key.password.type ssl.keystore.location
    ssl.keystore.type ssl.keymanager.algorithm ssl.protocol ssl.provider
    ssl.secure.random.implementation ssl.trustmanager.algorithm ssl.truststore.location
    ssl.truststore.type`,
  int: `
    background.threads compression.gzip.level compression.lz4.level compression.zstd.level
    group.coordinator.append.linger.ms group.coordinator.cached.buffer.max.bytes
    log.cleaner.io.buffer.size log.cleaner.threads log.index.interval.bytes log.index.size.max.bytes
    log.retention.hours log.retention.minutes log.roll.hours log.roll.jitter.hours log.segment.bytes
    max.connection.creation.rate max.connections max.connections.per.ip message.max.bytes
    min.insync.replicas num.io.threads num.network.threads num.recovery.threads.per.data.dir
    num.replica.fetchers producer.id.expiration.ms remote.fetch.max.wait.ms
    remote.log.manager.copier.thread.pool.size remote.log.manager.expiration.thread.pool.size
    remote.log.manager.follower.thread.pool.size remote.log.reader.threads
    share.coordinator.append.linger.ms transaction.max.timeout.ms`,
  long: `
    connections.max.reauth.ms follower.replication.throttled.rate leader.replication.throttled.rate
    log.cleaner.backoff.ms log.cleaner.dedupe.buffer.size log.cleaner.delete.retention.ms
    log.cleaner.max.compaction.lag.ms log.cleaner.min.compaction.lag.ms log.flush.interval.messages
    log.flush.interval.ms log.flush.scheduler.interval.ms log.local.retention.bytes
    log.local.retention.ms log.message.timestamp.after.max.ms log.message.timestamp.before.max.ms
    log.retention.bytes log.retention.ms log.roll.jitter.ms log.roll.ms log.segment.delete.delay.ms
    remote.list.offsets.request.timeout.ms remote.log.index.file.cache.total.size.bytes
    remote.log.manager.copy.max.bytes.per.second remote.log.manager.fetch.max.bytes.per.second
    remote.log.metadata.topic.retention.ms replica.alter.log.dirs.io.max.bytes.per.second`,
  double: `
    log.cleaner.io.buffer.load.factor log.cleaner.io.max.bytes.per.second
    log.cleaner.min.cleanable.ratio`,
  list: `
    cordoned.log.dirs listeners log.cleanup.policy metric.reporters
    sasl.enabled.mechanisms sasl.kerberos.principal.to.local.rules ssl.cipher.suites
    ssl.enabled.protocols`,
  password: `
    sasl.jaas.config ssl.key.password ssl.keystore.certificate.chain ssl.keystore.key
    ssl.keystore.password ssl.truststore.certificates ssl.truststore.password`,
};

const TYPES: ReadonlyMap<string, ConfigType> = new Map(
  Object.entries(NAMES_BY_TYPE).flatMap(([type, names]) =>
    names
      .trim()
      .split(/\s+/)
      .filter(() => isConfigType(type))
      .map((name): [string, ConfigType] => [name, isConfigType(type) ? type : "string"]),
  ),
);

/** Configs of one listener or of one SASL mechanism carry a prefix: `listener.name.<listener>.[<mechanism>.]`. */
const LISTENER_PREFIX = /^listener\.name\.[^.]+\.(?:(?:plain|gssapi|oauthbearer|scram-sha-\d+)\.)?/;

/** The type of a broker config, or null where the name is not known here. */
export function brokerConfigType(name: string): ConfigType | null {
  return TYPES.get(name.replace(LISTENER_PREFIX, "")) ?? null;
}

function isConfigType(type: string): type is ConfigType {
  return type in NAMES_BY_TYPE;
}
