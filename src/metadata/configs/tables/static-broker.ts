/**
 * The broker configs that only a file can change. A controller keeps what it is asked to keep of them, and brokers pass
 * over it; of most it matters only what type they are of, so that they can be shown, and secrets not. Some give topics
 * their defaults; lists have a default, to which is appended.
 */
import type { ConfigDefinition, ConfigType } from "../definition.ts";

const NAMES_BY_TYPE: Readonly<Partial<Record<ConfigType, string>>> = {
  boolean: `
    auto.create.topics.enable auto.leader.rebalance.enable controlled.shutdown.enable
    controller.quorum.auto.join.enable delete.topic.enable group.coordinator.new.enable group.share.enable
    log.cleaner.enable remote.log.storage.system.enable sasl.oauthbearer.assertion.claim.jti.include
    ssl.allow.dn.changes ssl.allow.san.changes transaction.two.phase.commit.enable unstable.api.versions.enable
    unstable.feature.versions.enable`,
  class: `
    alter.config.policy.class.name client.quota.callback.class create.topic.policy.class.name
    sasl.client.callback.handler.class sasl.login.callback.handler.class sasl.login.class
    sasl.oauthbearer.jwt.retriever.class sasl.oauthbearer.jwt.validator.class sasl.server.callback.handler.class`,
  double: `
    remote.log.manager.task.retry.jitter`,
  int: `
    add.partitions.to.txn.retry.backoff.max.ms add.partitions.to.txn.retry.backoff.ms
    alter.log.dirs.replication.quota.window.num alter.log.dirs.replication.quota.window.size.seconds
    broker.heartbeat.interval.ms broker.id broker.session.timeout.ms connection.failed.authentication.delay.ms
    controller.quorum.append.linger.ms controller.quorum.election.backoff.max.ms
    controller.quorum.election.timeout.ms controller.quorum.fetch.max.bytes
    controller.quorum.fetch.snapshot.max.bytes controller.quorum.fetch.timeout.ms
    controller.quorum.request.timeout.ms controller.quorum.retry.backoff.ms controller.quota.window.num
    controller.quota.window.size.seconds controller.socket.timeout.ms default.replication.factor
    delete.records.purgatory.purge.interval.requests fetch.max.bytes fetch.purgatory.purge.interval.requests
    group.consumer.heartbeat.interval.ms group.consumer.max.assignment.interval.ms
    group.consumer.max.heartbeat.interval.ms group.consumer.max.session.timeout.ms group.consumer.max.size
    group.consumer.min.assignment.interval.ms group.consumer.min.heartbeat.interval.ms
    group.consumer.min.session.timeout.ms group.consumer.regex.refresh.interval.ms
    group.consumer.session.timeout.ms group.coordinator.append.linger.ms group.coordinator.background.threads
    group.coordinator.threads group.initial.rebalance.delay.ms group.max.session.timeout.ms group.max.size
    group.min.session.timeout.ms group.share.delivery.count.limit group.share.heartbeat.interval.ms
    group.share.initialize.retry.interval.ms group.share.max.assignment.interval.ms
    group.share.max.delivery.count.limit group.share.max.heartbeat.interval.ms
    group.share.max.partition.max.record.locks group.share.max.record.lock.duration.ms
    group.share.max.session.timeout.ms group.share.max.share.sessions group.share.max.size
    group.share.min.assignment.interval.ms group.share.min.delivery.count.limit
    group.share.min.heartbeat.interval.ms group.share.min.partition.max.record.locks
    group.share.min.record.lock.duration.ms group.share.min.session.timeout.ms
    group.share.partition.max.record.locks group.share.record.lock.duration.ms group.share.session.timeout.ms
    group.streams.heartbeat.interval.ms group.streams.initial.rebalance.delay.ms
    group.streams.max.assignment.interval.ms group.streams.max.heartbeat.interval.ms
    group.streams.max.session.timeout.ms group.streams.max.size group.streams.max.standby.replicas
    group.streams.min.assignment.interval.ms group.streams.min.heartbeat.interval.ms
    group.streams.min.session.timeout.ms group.streams.num.standby.replicas group.streams.session.timeout.ms
    initial.broker.registration.timeout.ms internal.metadata.log.segment.bytes
    internal.metadata.max.batch.size.in.bytes internal.metadata.max.fetch.size.in.bytes
    kafka.metrics.polling.interval.secs log.flush.offset.checkpoint.interval.ms
    log.flush.start.offset.checkpoint.interval.ms log.retention.hours log.retention.minutes log.roll.hours
    log.roll.jitter.hours max.incremental.fetch.session.cache.slots max.request.partition.size.limit
    metadata.log.segment.bytes metadata.log.segment.min.bytes metadata.max.idle.interval.ms metrics.num.samples
    node.id num.partitions num.replica.alter.log.dirs.threads offset.metadata.max.bytes offsets.commit.timeout.ms
    offsets.load.buffer.size offsets.retention.minutes offsets.topic.compression.codec
    offsets.topic.num.partitions offsets.topic.segment.bytes producer.id.expiration.check.interval.ms
    producer.purgatory.purge.interval.requests queued.max.requests quota.window.num quota.window.size.seconds
    remote.log.manager.copy.quota.window.num remote.log.manager.copy.quota.window.size.seconds
    remote.log.manager.fetch.quota.window.num remote.log.manager.fetch.quota.window.size.seconds
    remote.log.manager.thread.pool.size remote.log.metadata.custom.metadata.max.bytes
    remote.log.reader.max.pending.tasks replica.fetch.backoff.ms replica.fetch.max.bytes replica.fetch.min.bytes
    replica.fetch.response.max.bytes replica.fetch.wait.max.ms replica.socket.receive.buffer.bytes
    replica.socket.timeout.ms replication.quota.window.num replication.quota.window.size.seconds
    request.timeout.ms sasl.login.connect.timeout.ms sasl.login.read.timeout.ms
    sasl.oauthbearer.assertion.claim.exp.seconds sasl.oauthbearer.assertion.claim.nbf.seconds
    sasl.oauthbearer.clock.skew.seconds sasl.server.max.receive.size share.coordinator.append.linger.ms
    share.coordinator.cold.partition.snapshot.interval.ms share.coordinator.load.buffer.size
    share.coordinator.snapshot.update.records.per.snapshot share.coordinator.state.topic.compression.codec
    share.coordinator.state.topic.num.partitions share.coordinator.state.topic.prune.interval.ms
    share.coordinator.state.topic.segment.bytes share.coordinator.threads share.coordinator.write.timeout.ms
    share.fetch.max.fetch.records share.fetch.purgatory.purge.interval.requests socket.listen.backlog.size
    socket.receive.buffer.bytes socket.request.max.bytes socket.send.buffer.bytes telemetry.max.bytes
    transaction.abort.timed.out.transaction.cleanup.interval.ms transaction.max.timeout.ms
    transaction.remove.expired.transaction.cleanup.interval.ms transaction.state.log.load.buffer.size
    transaction.state.log.min.isr transaction.state.log.num.partitions transaction.state.log.segment.bytes
    transactional.id.expiration.ms`,
  long: `
    connections.max.idle.ms connections.max.reauth.ms controller.performance.always.log.threshold.ms
    controller.performance.sample.period.ms delegation.token.expiry.check.interval.ms
    delegation.token.expiry.time.ms delegation.token.max.lifetime.ms internal.metadata.delete.delay.millis
    leader.imbalance.check.interval.seconds log.dir.failure.timeout.ms log.flush.scheduler.interval.ms
    log.initial.task.delay.ms log.retention.check.interval.ms metadata.log.max.record.bytes.between.snapshots
    metadata.log.max.snapshot.interval.ms metadata.log.segment.ms metadata.max.retention.bytes
    metadata.max.retention.ms metrics.sample.window.ms offsets.retention.check.interval.ms
    queued.max.request.bytes remote.log.index.file.cache.ttl.ms remote.log.manager.task.interval.ms
    remote.log.manager.task.retry.backoff.max.ms remote.log.manager.task.retry.backoff.ms
    replica.high.watermark.checkpoint.interval.ms replica.lag.time.max.ms sasl.login.retry.backoff.max.ms
    sasl.login.retry.backoff.ms sasl.oauthbearer.jwks.endpoint.refresh.ms
    sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms sasl.oauthbearer.jwks.endpoint.retry.backoff.ms
    server.max.startup.time.ms socket.connection.setup.timeout.max.ms socket.connection.setup.timeout.ms
    unclean.leader.election.interval.ms`,
  password: `
    delegation.token.secret.key sasl.oauthbearer.assertion.private.key.passphrase
    sasl.oauthbearer.client.credentials.client.secret`,
  short: `
    group.share.max.groups offsets.topic.replication.factor share.coordinator.state.topic.min.isr
    share.coordinator.state.topic.replication.factor transaction.state.log.replication.factor`,
  string: `
    authorizer.class.name broker.rack group.consumer.migration.policy group.share.persister.class.name
    inter.broker.listener.name metadata.log.dir metrics.recording.level remote.log.metadata.manager.class.name
    remote.log.metadata.manager.class.path remote.log.metadata.manager.impl.prefix
    remote.log.metadata.manager.listener.name remote.log.storage.manager.class.name
    remote.log.storage.manager.class.path remote.log.storage.manager.impl.prefix replica.selector.class
    sasl.mechanism.controller.protocol sasl.oauthbearer.assertion.algorithm sasl.oauthbearer.assertion.claim.aud
    sasl.oauthbearer.assertion.claim.iss sasl.oauthbearer.assertion.claim.sub sasl.oauthbearer.assertion.file
    sasl.oauthbearer.assertion.private.key.file sasl.oauthbearer.assertion.template.file
    sasl.oauthbearer.client.credentials.client.id sasl.oauthbearer.expected.issuer
    sasl.oauthbearer.jwks.endpoint.url sasl.oauthbearer.scope sasl.oauthbearer.scope.claim.name
    sasl.oauthbearer.sub.claim.name sasl.oauthbearer.token.endpoint.url security.inter.broker.protocol
    security.providers ssl.principal.mapping.rules`,
};

const LISTS: readonly ConfigDefinition[] = [
  { name: "advertised.listeners", type: "list", default: "" },
  { name: "controller.listener.names", type: "list", default: "" },
  { name: "controller.quorum.bootstrap.servers", type: "list", default: "" },
  { name: "controller.quorum.voters", type: "list", default: "" },
  { name: "early.start.listeners", type: "list", default: "" },
  { name: "group.consumer.assignors", type: "list", default: "uniform,range" },
  {
    name: "group.coordinator.rebalance.protocols",
    type: "list",
    default: "classic,consumer,streams",
  },
  { name: "group.share.assignors", type: "list", default: "simple" },
  { name: "kafka.metrics.reporters", type: "list", default: "" },
  { name: "log.dir", type: "list", default: "/tmp/kafka-logs" },
  { name: "log.dirs", type: "list", default: "" },
  { name: "process.roles", type: "list", default: "" },
  { name: "sasl.oauthbearer.expected.audience", type: "list", default: "" },
];

export const STATIC_BROKER_CONFIGS: readonly ConfigDefinition[] = [
  ...Object.entries(NAMES_BY_TYPE).flatMap(([type, names]) =>
    isConfigType(type)
      ? names
          .trim()
          .split(/\s+/)
          .map((name): ConfigDefinition => ({ name, type, default: "" }))
      : [],
  ),
  ...LISTS,
];

function isConfigType(type: string): type is ConfigType {
  return type in NAMES_BY_TYPE;
}
