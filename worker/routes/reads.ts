/**
 * `/reads`: many paths read at once, from one image (`batches/answered-batch.ts`). A POST takes one batch; a GET opens
 * a WebSocket, on which every message is one (`batches/batch-socket.ts`).
 */
import { Hono } from "hono";
import { assert } from "../../src/std/assert.ts";
import { answerBatch, type Mounted, type Reader } from "../batches/answered-batch.ts";
import { openBatchSocket, READS_SUBPROTOCOL } from "../batches/batch-socket.ts";
import { READ_BATCH, type ReadBatch } from "../batches/read-batch.ts";
import type { Scope } from "../env.ts";
import { bodyOf } from "../http/body-fields.ts";
import { answerProblem, errorBody, Problem } from "../http/errors.ts";
import { BASE_PATH, originOf } from "../http/resources.ts";
import { readInBatch } from "../observer/metadata-read.ts";
import { imageResources } from "./image-resources.ts";
import { knownParameters } from "./parameters.ts";
import { entryFor } from "./revoked.ts";
import { assertSocketWish } from "./socket-wish.ts";

/** What each request to a mounted route is given. */
const given = new WeakMap<Request, Mounted>();

/** The routes that an image answers, without what was done for the whole batch. They are asked by `GET` alone. */
export const mounted = new Hono<Scope>({ strict: false });
mounted.onError(answerProblem);
mounted.use(async (context, next) => {
  const of = given.get(context.req.raw);
  assert(of !== undefined, "a route of a batch was asked for by itself");
  context.set("asker", of.asker);
  context.set("entry", of.entry);
  await next();
});
mounted.use(knownParameters);
mounted.notFound(({ json }) =>
  json(errorBody("UNKNOWN_PATH", "nothing that an image answers is at this path"), 404),
);
mounted.route(`${BASE_PATH}/clusters/:cluster_id`, imageResources);

const answer = (batch: ReadBatch, reader: Reader): ReturnType<typeof answerBatch> =>
  answerBatch(batch, reader, (request, of) => {
    given.set(request, of);
    readInBatch(request, of);
    return mounted.fetch(request, reader.env);
  });

export const reads = new Hono<Scope>();

reads.get("/", (context) => {
  assertSocketWish(context, "a socket for reads", READS_SUBPROTOCOL);
  const { env, var: variables } = context;
  const { asker, entry } = variables;
  const { ACCEPT_SOCKET: accept } = env;
  if (accept === undefined)
    throw new Problem("OVERLOADED", "no sockets for reads are to be had here");
  const { cluster_id: clusterId } = entry;
  const find = () => entryFor(env, asker, clusterId);
  const opening = { env, asker, clusterId, origin: originOf(context), find, answer };
  return openBatchSocket(opening, accept);
});

reads.post("/", async (context) => {
  const { env, var: variables } = context;
  const batch = await bodyOf(context.req.raw, READ_BATCH);
  const { asker, entry } = variables;
  const { signal } = context.req.raw;
  const reader = { env, asker, entry, origin: originOf(context), signal };
  const { position, fields } = await answer(batch, reader);
  context.set("position", position);
  return context.body(`{${fields}}`, 200, { "Content-Type": "application/json" });
});
