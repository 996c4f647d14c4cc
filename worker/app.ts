/**
 * The HTTP interface: what holds for every answer, then one mount per resource. Base `/kafka/v3` with the shapes
 * of Confluent's REST v3; health is at the root. `docs/HTTP.md` lists every path.
 */
import { Hono } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { authenticate } from "./access/authenticate.ts";
import type { Scope } from "./env.ts";
import { answerHeaders } from "./http/answer-headers.ts";
import { answerProblem, errorBody } from "./http/errors.ts";
import { namedOrigins } from "./http/named-origins.ts";
import { BASE_PATH } from "./http/resources.ts";
import { acls } from "./routes/acls.ts";
import { clusterChanges } from "./routes/cluster-changes.ts";
import { clusterDeletions } from "./routes/cluster-deletions.ts";
import { clusters } from "./routes/clusters.ts";
import { controllers } from "./routes/controllers.ts";
import { dataPlane } from "./routes/data-plane.ts";
import { health } from "./routes/health.ts";
import { imageResources } from "./routes/image-resources.ts";
import { leaderElections } from "./routes/leader-elections.ts";
import { metadataDiff } from "./routes/metadata-diff.ts";
import { metadataLog } from "./routes/metadata-log.ts";
import { clusterMetrics, metrics } from "./routes/metrics.ts";
import { knownParameters } from "./routes/parameters.ts";
import { refuseChangeOfObserved } from "./routes/observed.ts";
import { page } from "./routes/page.ts";
import { openapi } from "./routes/openapi.ts";
import { quorum } from "./routes/quorum.ts";
import { reads } from "./routes/reads.ts";
import { rpc } from "./routes/rpc.ts";
import { snapshots } from "./routes/snapshots.ts";
import { findForAsker, refuseRevoked } from "./routes/revoked.ts";
import { tokenRevocations } from "./routes/token-revocations.ts";
import { tokens } from "./routes/tokens.ts";
import { topicChanges } from "./routes/topic-changes.ts";
import { stampPosition } from "./observer/position.ts";

/** A path with a slash at its end is the path without. */
export const app = new Hono<Scope>({ strict: false });

app.onError(answerProblem);
app.use(answerHeaders);
app.use(namedOrigins);
app.use(authenticate);
app.use(
  methodNotAllowed({
    app,
    onMethodNotAllowed: ({ req, json }, methods) => {
      const allow = methods.join(", ");
      const message = `${req.path} does not answer ${req.method}, but ${allow}`;
      return json(errorBody("METHOD_NOT_ALLOWED", message), 405, { Allow: allow });
    },
  }),
);
app.use(knownParameters);
app.notFound((context) =>
  context.json(
    errorBody("UNKNOWN_PATH", `nothing is at ${context.req.method} ${context.req.path}`),
    404,
  ),
);

app.route("/", page);
app.route("/", openapi);
app.route("/health", health);
app.route("/metrics", metrics);
for (const path of ["tokens", "tokens:revoke", "clusters"])
  app.use(`${BASE_PATH}/${path}`, refuseRevoked);
app.route(`${BASE_PATH}/tokens`, tokens);
app.route(`${BASE_PATH}/tokens:revoke`, tokenRevocations);
app.route(`${BASE_PATH}/clusters`, clusters);
app.route(`${BASE_PATH}/clusters`, clusterChanges);
app.route(`${BASE_PATH}/clusters`, clusterDeletions);

/** All about one cluster: it is looked up once, judges who asks, and every answer carries its position. */
const cluster = new Hono<Scope>();
cluster.onError(answerProblem);
cluster.use(async (context, next) => {
  const { req } = context;
  const entry = await findForAsker(context, req.param("cluster_id") ?? "", req.path);
  context.set("entry", entry);
  refuseChangeOfObserved(context);
  await next();
  stampPosition(context);
});
cluster.route("/rpc", rpc);
cluster.route("/controllers", controllers);
cluster.route("/", dataPlane);
cluster.route("/", acls);
cluster.route("/", imageResources);
cluster.route("/", leaderElections);
cluster.route("/topics", topicChanges);
cluster.route("/reads", reads);
cluster.route("/quorum", quorum);
cluster.route("/metadata-log", metadataLog);
cluster.route("/metrics", clusterMetrics);
cluster.route("/metadata-diff", metadataDiff);
cluster.route("/snapshots", snapshots);
app.route(`${BASE_PATH}/clusters/:cluster_id`, cluster);
