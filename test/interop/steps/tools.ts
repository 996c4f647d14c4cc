/**
 * Kafka's command line tools, through the brokers and, where Kafka allows it, straight to the controllers. Their output
 * goes into the transcript.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "../step.ts";
import type { Step } from "../step.ts";
import { reassignmentSteps } from "./reassignments.ts";
import { until } from "../../../local/until.ts";
import { tool, type ToolRun } from "../tool.ts";
import { says, shell, untilSays, VISIBLE_MS } from "./tool-shell.ts";

const TOPIC = "orders";

const topics: Step = {
  title: "tools: topics",
  short: true,
  run: async (cluster) => {
    const { brokers } = shell(cluster, "kafka-topics");
    await brokers(`kafka-topics --create --topic ${TOPIC} --partitions 6 --replication-factor 3`);
    says(
      await brokers(`kafka-topics --describe --topic ${TOPIC}`),
      /PartitionCount: 6/,
      /Isr: \d,\d,\d/,
    );
    await brokers(`kafka-topics --alter --topic ${TOPIC} --partitions 8`);
    says(await brokers(`kafka-topics --describe --topic ${TOPIC}`), /PartitionCount: 8/);
    says(await brokers("kafka-topics --list"), /^orders$/m);
    const again = await brokers(
      `kafka-topics --create --topic ${TOPIC} --partitions 1 --replication-factor 1`,
      { mayFail: true },
    );
    expect(/already exists/.test(again.tail), "a topic is not made twice", again.tail);
    const wide = await brokers(
      "kafka-topics --create --topic wide --partitions 1 --replication-factor 9",
      {
        mayFail: true,
      },
    );
    expect(/InvalidReplicationFactor/.test(wide.tail), "nine replicas are refused", wide.tail);
    return "create, describe, alter, list, two refusals";
  },
};

const configs: Step = {
  title: "tools: configs",
  run: async (cluster) => {
    const { brokers } = shell(cluster, "kafka-configs");
    const of = `--entity-type topics --entity-name ${TOPIC}`;
    await brokers(
      `kafka-configs --alter ${of} --add-config retention.ms=600000,max.message.bytes=200000`,
    );
    const described = await untilSays(
      () => brokers(`kafka-configs --describe ${of}`),
      /retention\.ms=600000/,
    );
    says(described, /max\.message\.bytes=200000/);
    await brokers(`kafka-configs --alter ${of} --delete-config max.message.bytes`);
    await brokers(
      "kafka-configs --alter --entity-type brokers --entity-name 1 --add-config num.io.threads=6",
    );
    await untilSays(
      () => brokers("kafka-configs --describe --entity-type brokers --entity-name 1"),
      /num\.io\.threads=6/,
    );
    await brokers(
      "kafka-configs --alter --entity-type brokers --entity-default --add-config log.retention.ms=700000",
    );
    await untilSays(
      () => brokers("kafka-configs --describe --entity-type brokers --entity-default"),
      /log\.retention\.ms=700000/,
    );
    await brokers(
      "kafka-configs --alter --entity-type brokers --entity-default --delete-config log.retention.ms",
    );
    const wrong = await brokers(`kafka-configs --alter ${of} --add-config no.such.config=1`, {
      mayFail: true,
    });
    expect(
      /InvalidConfiguration|Unknown/i.test(wrong.tail),
      "an unknown config is refused",
      wrong.tail,
    );
    return "topic, broker and default";
  },
};

const clientMetrics: Step = {
  title: "tools: client metrics",
  run: async (cluster) => {
    const { brokers } = shell(cluster, "kafka-client-metrics");
    await brokers(
      "kafka-client-metrics --alter --name watch --metrics org.apache.kafka.producer. --interval 60000",
    );
    await untilSays(
      () => brokers("kafka-client-metrics --describe --name watch"),
      /interval\.ms=60000/,
    );
    return "";
  },
};

const quotas: Step = {
  title: "tools: client quotas",
  run: async (cluster) => {
    const { brokers } = shell(cluster, "Client quotas");
    const kinds = [
      ["--entity-type clients --entity-name app", "producer_byte_rate=1048576"],
      [
        "--entity-type users --entity-name ann --entity-type clients --entity-name app",
        "request_percentage=12.5",
      ],
      ["--entity-type users --entity-default", "controller_mutation_rate=50"],
      ["--entity-type ips --entity-name 127.0.0.9", "connection_creation_rate=7"],
    ] as const;
    for (const [of, config] of kinds)
      await brokers(`kafka-configs --alter ${of} --add-config ${config}`);
    for (const [of, config] of kinds) {
      const described = () => brokers(`kafka-configs --describe ${of}`);
      await untilSays(described, new RegExp(`${config}(\\.0)?\\b`));
    }
    const [[app]] = kinds;
    await brokers(`kafka-configs --alter ${app} --delete-config producer_byte_rate`);
    await untilSays(
      () => brokers(`kafka-configs --describe ${app}`),
      /^(?![^]*producer_byte_rate)/,
    );
    const wrong = await brokers(
      "kafka-configs --alter --entity-type clients --entity-name app --add-config producer_byte_rate=-1",
      { mayFail: true },
    );
    expect(/must be greater than 0/.test(wrong.tail), "a negative rate is refused", wrong.tail);
    // It would count for every step after this one.
    await brokers(
      "kafka-configs --alter --entity-type users --entity-default --delete-config controller_mutation_rate",
    );
    return `${kinds.length} kinds of entity`;
  },
};

const mutationQuota: Step = {
  title: "tools: a client that changes too much",
  run: async (cluster) => {
    const { brokers } = shell(cluster, "Quotas on changes");
    const hurried = join(cluster.folder, "hurried.properties");
    await writeFile(hurried, "client.id=hurried\n");
    const of = "--entity-type clients --entity-name hurried";
    const create = (name: string, partitions: number): string =>
      `kafka-topics --create --topic ${name} --partitions ${partitions} --command-config ${hurried}`;
    // A bucket of eleven, which the first request may overdraw: by five minutes of waiting.
    await brokers(`kafka-configs --alter ${of} --add-config controller_mutation_rate=0.1`);
    await brokers(create("hurry-1", 30));
    const refused = await brokers(create("hurry-2", 1), { mayFail: true });
    const { tail } = refused;
    expect(/ThrottlingQuotaExceeded/.test(tail), "the next is refused", tail);
    const deleted = await brokers(
      `kafka-topics --delete --topic hurry-1 --command-config ${hurried}`,
      { mayFail: true },
    );
    expect(/ThrottlingQuotaExceeded/.test(deleted.tail), "so is a deletion", deleted.tail);
    await brokers("kafka-topics --create --topic unhurried --partitions 1");
    await brokers(`kafka-configs --alter ${of} --delete-config controller_mutation_rate`);
    await brokers(create("hurry-2", 1));
    for (const name of ["hurry-1", "hurry-2", "unhurried"])
      await brokers(`kafka-topics --delete --topic ${name}`);
    return "refused, and another client served";
  },
};

const scram: Step = {
  title: "tools: SCRAM credentials",
  run: async (cluster) => {
    const { brokers } = shell(cluster, "SCRAM credentials");
    const of = "--entity-type users --entity-name alice";
    await brokers(
      `kafka-configs --alter ${of} --add-config SCRAM-SHA-256=[iterations=8192,password=pw]`,
    );
    await untilSays(() => brokers(`kafka-configs --describe ${of}`), /SCRAM-SHA-256/);
    return "";
  },
};

const elections: Step = {
  title: "tools: leader-election",
  run: async (cluster) => {
    const { brokers } = shell(cluster, "kafka-leader-election");
    await brokers("kafka-topics --create --topic elected --replica-assignment 1:2:3");
    const file = join(cluster.folder, "reorder.json");
    await writeFile(
      file,
      JSON.stringify({
        version: 1,
        partitions: [{ topic: "elected", partition: 0, replicas: [2, 3, 1] }],
      }),
    );
    await brokers(`kafka-reassign-partitions --execute --reassignment-json-file ${file}`);
    await brokers("kafka-leader-election --election-type preferred --topic elected --partition 0");
    await cluster.untilPartitions(
      "elected",
      "broker 2 leads",
      VISIBLE_MS,
      ({ leader_id: leader }) => leader === 2,
    );
    const idle = await brokers(
      "kafka-leader-election --election-type preferred --all-topic-partitions",
      {
        mayFail: true,
      },
    );
    expect(idle.code === 0, "electing everything is no error", idle.tail);
    const unclean = await brokers(
      "kafka-leader-election --election-type unclean --topic elected --partition 0",
      {
        mayFail: true,
      },
    );
    expect(
      /not needed|already elected/i.test(unclean.tail),
      "an unclean election is not needed",
      unclean.tail,
    );
    return "";
  },
};

const features: Step = {
  title: "tools: features",
  run: async (cluster) => {
    const { brokers, controllers } = shell(cluster, "kafka-features");
    says(await brokers("kafka-features describe"), /metadata\.version/, /kraft\.version/);
    says(await controllers("kafka-features describe"), /metadata\.version/);
    const high = await brokers("kafka-features upgrade --feature group.version=9", {
      mayFail: true,
    });
    expect(high.code !== 0, "a level that nobody supports is refused", high.tail);
    await brokers("kafka-features downgrade --feature transaction.version=1 --dry-run", {
      mayFail: true,
    });
    return "";
  },
};

const quorum: Step = {
  title: "tools: metadata-quorum",
  short: true,
  run: async (cluster) => {
    const { brokers, controllers } = shell(cluster, "kafka-metadata-quorum");
    for (const via of [brokers, controllers]) {
      says(
        await via("kafka-metadata-quorum describe --status"),
        /LeaderId:\s+\d+/,
        /CurrentVoters:.*endpoints/,
      );
      const replication = await via("kafka-metadata-quorum describe --replication");
      says(replication, /Leader/, /Follower[^]*Follower/, /Observer[^]*Observer[^]*Observer/);
    }
    return "three voters, three observers";
  },
};

const others: Step = {
  title: "tools: cluster, log-dirs, api-versions",
  run: async (cluster) => {
    const { brokers } = shell(cluster, "kafka-cluster, kafka-log-dirs, kafka-broker-api-versions");
    const clusterTool = async (
      action: string,
      via: "brokers" | "controllers",
    ): Promise<ToolRun> => {
      const { transcript } = cluster;
      // This tool takes its address after the action.
      const run =
        via === "brokers"
          ? ["--bootstrap-server", cluster.bootstrapServers]
          : ["--bootstrap-controller", cluster.quorum.bootstrapControllers];
      return tool(cluster.kafka, "kafka-cluster", [action, ...run], { transcript });
    };
    says(await clusterTool("cluster-id", "brokers"), new RegExp(cluster.quorum.formed.cluster_id));
    says(
      await clusterTool("cluster-id", "controllers"),
      new RegExp(cluster.quorum.formed.cluster_id),
    );
    says(await clusterTool("list-endpoints", "brokers"), /127\.0\.0\.1/);
    says(await clusterTool("list-endpoints", "controllers"), /127\.0\.0\.1/);
    says(
      await brokers(`kafka-log-dirs --describe --topic-list ${TOPIC}`),
      /"partition":"orders-0"/,
    );
    says(await brokers("kafka-broker-api-versions"), /Produce\(0\)/);
    return "";
  },
};

const controllers: Step = {
  title: "tools: straight to the controllers",
  run: async (cluster) => {
    const { controllers: direct } = shell(cluster, "Straight to the controllers");
    const of = "--entity-type topics --entity-name orders";
    await direct(`kafka-configs --alter ${of} --add-config segment.ms=900000`);
    // What was changed there is seen by the brokers.
    await untilSays(
      () => cluster.viaBrokers("kafka-configs", `--describe ${of}`.split(" ")),
      /segment\.ms=900000/,
    );
    says(await direct("kafka-reassign-partitions --list"), /No partition reassignments found/);
    return "";
  },
};

const deletion: Step = {
  title: "tools: topics are deleted",
  run: async (cluster) => {
    const { brokers } = shell(cluster, "kafka-topics --delete");
    for (const topic of ["moved", "elected"])
      await brokers(`kafka-topics --delete --topic ${topic}`);
    await until("brokers forget the topics", { withinMs: VISIBLE_MS }, async () => {
      const { output } = await cluster.viaBrokers("kafka-topics", ["--list"]);
      return /^(moved|elected)$/m.test(output) ? undefined : true;
    });
    return "";
  },
};

export const toolSteps: readonly Step[] = [
  topics,
  configs,
  clientMetrics,
  quotas,
  mutationQuota,
  scram,
  ...reassignmentSteps,
  elections,
  features,
  quorum,
  others,
  controllers,
  deletion,
];
