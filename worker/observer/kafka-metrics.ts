/**
 * Kafka's names for what controllers measure and for what an image shows, as the JMX exporter writes them with
 * Strimzi's rules: `kafka.<domain>:type=<T>,name=<N>` is `kafka_<domain>_<t>_<n>`. What a controller measures has the
 * label `node_id`. What the metadata shows is the same at every controller, and is told once: Kafka's own controllers
 * all report it, so that a sum over them is too large.
 */
import type { NodeMeasures, NodeMetrics } from "../../durable-objects/metrics-contract.ts";
import type { VoterStatus } from "../../durable-objects/contract.ts";
import type { MetadataImage } from "../../src/metadata/index.ts";
import type { Exposition, Labels } from "../http/exposition.ts";
import { countsOf } from "./metadata-counts.ts";

const RAFT = "kafka_server_raftmetrics_";
const CHANNEL = "kafka_server_raftchannelmetrics_";
const CONTROLLER = "kafka_controller_kafkacontroller_";
const REPLICAS = "kafka_server_replicamanager_";
const REQUESTS = "kafka_network_requestmetrics_";

/** What one controller says, or why it says nothing. */
export function exposeNode(to: Exposition, node: Labels, metrics: NodeMetrics | string): void {
  const status = typeof metrics === "string" ? undefined : metrics.status;
  const isThere = status !== undefined && "epoch" in status;
  to.gauge(
    "kedge_controller_up",
    "1 while the controller answers and takes part.",
    node,
    isThere ? 1 : 0,
  );
  to.gauge(
    `${CONTROLLER}activecontrollercount`,
    "1 at the active controller.",
    node,
    status?.active === true ? 1 : 0,
  );
  if (!isThere || typeof metrics === "string") return;
  exposeStatus(to, node, status);
  if (metrics.measures !== null) exposeMeasures(to, node, metrics.measures);
}

function exposeStatus(to: Exposition, node: Labels, status: VoterStatus): void {
  const gauges: readonly (readonly [string, string, number])[] = [
    [`${RAFT}current_leader`, "The leader's id, -1 while none is known.", status.leader_id],
    [`${RAFT}current_epoch`, "The quorum's epoch, as the controller knows it.", status.epoch],
    [`${RAFT}high_watermark`, "The end of what is committed.", status.high_watermark ?? -1],
    [`${RAFT}log_end_offset`, "The end of the controller's log.", status.log_end_offset],
    [
      `${CONTROLLER}lastappliedrecordoffset`,
      "The last record in the controller's image.",
      status.applied_offset,
    ],
    [
      `${CONTROLLER}lastcommittedrecordoffset`,
      "The last record that is known to be committed.",
      (status.high_watermark ?? 0) - 1,
    ],
  ];
  for (const [name, help, value] of gauges) to.gauge(name, help, node, value);
  if (status.sleep === undefined) return;
  const isAsleep = status.sleep.asleep_since_ms !== null;
  to.gauge("kedge_controller_asleep", "1 while the controller sleeps.", node, isAsleep ? 1 : 0);
  to.counter(
    "kedge_controller_sleeps_total",
    "How often this incarnation fell asleep.",
    node,
    status.sleep.count,
  );
}

function exposeMeasures(to: Exposition, node: Labels, measures: NodeMeasures): void {
  to.gauge(
    `${RAFT}current_state`,
    "The state of the Raft client, in a label.",
    { ...node, current_state: measures.state },
    1,
  );
  const gauges: readonly (readonly [string, string, number | null])[] = [
    ["current_vote", "For whom it voted in this epoch, -1 for nobody.", measures.current_vote],
    ["log_end_epoch", "The epoch of the last record of its log.", measures.log_end_epoch],
    ["number_of_voters", "Voters of the newest voter set.", measures.voters],
    ["number_of_observers", "Observers that the leader knows.", measures.observers],
    ["commit_latency_avg", "From append to commit at the leader, ms.", measures.commit_latency_avg],
    ["commit_latency_max", "The longest of those, ms.", measures.commit_latency_max],
    ["election_latency_avg", "From standing to a known leader, ms.", measures.election_latency_avg],
    ["election_latency_max", "The longest of those, ms.", measures.election_latency_max],
    [
      "append_records_rate",
      "Records a second that it appended as the leader.",
      measures.append_records_rate,
    ],
    [
      "fetch_records_rate",
      "Records a second that it fetched from the leader.",
      measures.fetch_records_rate,
    ],
  ];
  for (const [name, help, value] of gauges)
    to.gauge(`${RAFT}${name}`, help, node, value ?? Number.NaN);
  const counters: readonly (readonly [string, string, number])[] = [
    [`${CHANNEL}request_total`, "Requests to other controllers.", measures.requests_sent],
    [`${CHANNEL}response_total`, "Answers of other controllers.", measures.responses_received],
    [`${CHANNEL}outgoing_byte_total`, "Bytes of those requests.", measures.bytes_sent],
    [`${CHANNEL}incoming_byte_total`, "Bytes of those answers.", measures.bytes_received],
  ];
  for (const [name, help, value] of counters) to.counter(name, help, node, value);
  to.counter(
    "kafka_controller_controllerstats_uncleanleaderelections_total",
    "Leaders out of sync that it has elected while it was active.",
    node,
    measures.unclean_elections ?? 0,
  );
  // Gauges of Kafka's, although they only grow.
  to.gauge(
    `${CONTROLLER}newactivecontrollerscount`,
    "Leaders that this incarnation has seen come.",
    node,
    measures.leaders_seen,
  );
  to.gauge(
    `${CONTROLLER}metadataerrorcount`,
    "Operations that met a defect of the controller.",
    node,
    measures.defects,
  );
  to.gauge(
    `${CONTROLLER}lastappliedrecordtimestamp`,
    "When the last applied record was written, ms since 1970.",
    node,
    measures.last_applied_timestamp_ms,
  );
  for (const [request, count, sum] of measures.requests) {
    const labels = { ...node, request };
    to.counter(`${REQUESTS}requests_total`, "Requests answered, by API.", labels, count);
    to.summary(`${REQUESTS}totaltimems`, "From arrival to answer, ms.", labels, { count, sum });
  }
}

/** Kafka's numbers for how a broker stands (KIP-1131). */
const BROKER_STATES = { fenced: 10, leaving: 20, active: 30 } as const;

/** What the metadata shows. */
export async function exposeImage(
  to: Exposition,
  cluster: Labels,
  image: MetadataImage,
): Promise<void> {
  const states = [...image.cluster.brokers.values()].map(
    ({ id, fenced, inControlledShutdown }) =>
      ({
        id,
        state: fenced ? "fenced" : inControlledShutdown ? "leaving" : "active",
      }) as const,
  );
  const brokersIn = (wanted: keyof typeof BROKER_STATES): number =>
    states.filter(({ state }) => state === wanted).length;
  const counts = await countsOf(image);
  const gauges: readonly (readonly [string, string, number])[] = [
    // Kafka counts whoever is not fenced, also while it leaves.
    [
      `${CONTROLLER}activebrokercount`,
      "Brokers that are not fenced.",
      brokersIn("active") + brokersIn("leaving"),
    ],
    [`${CONTROLLER}fencedbrokercount`, "Brokers that are fenced.", brokersIn("fenced")],
    [
      `${CONTROLLER}controlledshutdownbrokercount`,
      "Brokers that are about to leave.",
      brokersIn("leaving"),
    ],
    [`${CONTROLLER}globaltopiccount`, "Topics.", counts.topics],
    [`${CONTROLLER}globalpartitioncount`, "Partitions.", counts.partitions],
    [`${CONTROLLER}offlinepartitionscount`, "Partitions without a leader.", counts.offline],
    [
      `${CONTROLLER}preferredreplicaimbalancecount`,
      "Partitions that are not led by their first replica.",
      counts.imbalanced,
    ],
    [
      `${REPLICAS}underreplicatedpartitions`,
      "Led partitions that lack replicas in sync; brokers report their own.",
      counts.underReplicated,
    ],
    [
      `${REPLICAS}underminisrpartitioncount`,
      "Led partitions below min.insync.replicas; brokers report their own.",
      counts.underMinIsr,
    ],
  ];
  for (const [name, help, value] of gauges) to.gauge(name, help, cluster, value);
  for (const { id, state } of states)
    to.gauge(
      `${CONTROLLER}brokerregistrationstate`,
      "10 fenced, 20 in controlled shutdown, 30 active.",
      { ...cluster, broker: id },
      BROKER_STATES[state],
    );
}
