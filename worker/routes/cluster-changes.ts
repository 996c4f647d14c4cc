/**
 * `PATCH /clusters/{id}`: other settings for a cluster that is there. Those of its controllers are the directory's,
 * which tells every node; what topics have that say nothing is in the log, and is changed as any config of all brokers.
 * The two are no one step: a request that breaks off between them is finished by sending it again.
 */
import { Hono } from "hono";
import type { TopicDefaults } from "../../durable-objects/cluster-settings.ts";
import type { Told } from "../../durable-objects/listed-cluster.ts";
import { CONFIG_RESOURCE } from "../../src/metadata/index.ts";
import { ErrorCode, IncrementalAlterConfigs, errorName } from "../../src/protocol/index.ts";
import { assertMayAlter } from "../channel/cluster-permission.ts";
import { callKafka } from "../channel/kafka-calls.ts";
import { changeDirectory, unknownCluster } from "../clusters/directory.ts";
import { forgetCluster } from "../clusters/known-clusters.ts";
import { CLUSTER_CHANGE, changesOf, type ChangedSettings } from "../clusters/setting-requests.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { bodyOf } from "../http/body-fields.ts";
import { Problem } from "../http/errors.ts";
import { observeFor } from "../observer/metadata-read.ts";
import { stampPosition } from "../observer/position.ts";
import { clusterData } from "./cluster-data.ts";
import { refuseChangeOfObserved } from "./observed.ts";
import { findForAsker } from "./revoked.ts";

const ALTER_VERSION = 1;
const SET = 0;
const DELETE = 1;

export const clusterChanges = new Hono<Scope>();

clusterChanges.patch("/:cluster_id", async (context) => {
  const { env, var: variables } = context;
  const entry = await findForAsker(context, context.req.param("cluster_id"));
  context.set("entry", entry);
  refuseChangeOfObserved(context);
  const change = await bodyOf(context.req.raw, CLUSTER_CHANGE);
  const { settings, topicDefaults } = changesOf(change);
  const { bearer } = variables.asker;
  const changesControllers = Object.keys(settings).length > 0;
  if (changesControllers) await assertMayAlter(env, entry, bearer);
  const minOffset = await setTopicDefaults(context, topicDefaults);
  const told: Told | null = changesControllers
    ? await changeDirectory(env, (directory) =>
        directory.changeSettings(entry.cluster_id, settings),
      ).finally(() => forgetCluster(entry.cluster_id))
    : { listed: { state: "formed", cluster: entry }, unconfirmed: [] };
  if (told === null) throw unknownCluster(entry.cluster_id);
  const { image, position } = await observeFor(context, { minOffset });
  context.set("position", position);
  const data = clusterData(context, told.listed.cluster, { image });
  context.res = context.json({ ...data, unconfirmed: told.unconfirmed });
  stampPosition(context);
  return context.res;
});

/** The offset that a reader must have to see it; undefined where nothing is asked for. */
async function setTopicDefaults(
  context: ScopedContext,
  defaults: ChangedSettings["topicDefaults"],
): Promise<number | undefined> {
  const configs = Object.entries(defaults).map(([name, value]) => configOf(name, value));
  if (configs.length === 0) return undefined;
  const { entry, asker } = context.var;
  const resource = { resourceType: CONFIG_RESOURCE.BROKER, resourceName: "", configs };
  const { response, position } = await callKafka(context.env, entry, {
    api: IncrementalAlterConfigs,
    version: ALTER_VERSION,
    request: { resources: [resource], validateOnly: false },
    bearer: asker.bearer,
  });
  const [result] = response.responses;
  const code = result?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
  if (code === ErrorCode.NONE) return position.offset;
  const isDenial = code === ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
  const message = `${errorName(code)}: ${result?.errorMessage ?? Object.keys(defaults).join(", ")}`;
  throw new Problem(isDenial ? "FORBIDDEN" : "INVALID_REQUEST", message);
}

const configOf = (name: string, value: TopicDefaults[keyof TopicDefaults] | null) =>
  value === null || value === undefined
    ? { name, configOperation: DELETE, value: null }
    : { name, configOperation: SET, value: String(value) };
