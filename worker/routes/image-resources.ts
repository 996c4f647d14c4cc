/**
 * The resources of a cluster whose `GET`s are answered from an image of its metadata, with the changes that are made
 * through them. What asks a controller to be read is none of them.
 */
import { Hono } from "hono";
import type { Scope } from "../env.ts";
import { brokerConfigs } from "./broker-configs.ts";
import { brokers } from "./brokers.ts";
import { clientQuotas } from "./client-quotas.ts";
import { clusterConfigs } from "./cluster-configs.ts";
import { features } from "./features.ts";
import { partitionHealth } from "./partition-health.ts";
import { partitions } from "./partitions.ts";
import { reassignments } from "./reassignments.ts";
import { scramUsers } from "./scram-users.ts";
import { topicConfigs } from "./topic-configs.ts";
import { topics } from "./topics.ts";

export const imageResources = new Hono<Scope>();

imageResources.route("/", clusterConfigs);
imageResources.route("/", features);
imageResources.route("/", clientQuotas);
imageResources.route("/", scramUsers);
imageResources.route("/brokers", brokers);
imageResources.route("/brokers", brokerConfigs);
imageResources.route("/topics", topics);
imageResources.route("/topics", topicConfigs);
imageResources.route("/topics", partitionHealth);
imageResources.route("/topics", partitions);
imageResources.route("/topics", reassignments);
