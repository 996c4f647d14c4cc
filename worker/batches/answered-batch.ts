/**
 * What a batch is answered with: its position, and an answer for each path, all of one image. The image is found once;
 * each path is then answered by the route that it is of, or by the text that was made of it at that position.
 */
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import type { Position } from "../../durable-objects/contract.ts";
import { clusterKey } from "../channel/controller-calls.ts";
import type { Authenticated, Bindings } from "../env.ts";
import { CODES, errorBody, type ProblemKind } from "../http/errors.ts";
import { BASE_PATH } from "../http/resources.ts";
import { see } from "../observer/freshness.ts";
import { textAt } from "../observer/kept-texts.ts";
import { logSource } from "../observer/log-source.ts";
import { nextEvent } from "../observer/next-event.ts";
import type { BatchedRead } from "../observer/metadata-read.ts";
import type { Seen } from "../observer/observation.ts";
import { noteSeen } from "../observer/position.ts";
import { DEMANDS, freshnessOf, type ReadBatch } from "./read-batch.ts";

/** Of all answers of a batch; a character takes a byte, or some more. */
export const ANSWER_CHARACTERS_MAX = 1_024 * 1_024;
/** Of texts that are made for a batch, those included that do not fit: each takes time. */
const MADE_CHARACTERS_MAX = 2 * ANSWER_CHARACTERS_MAX;
/** Texts that are made in one event: some milliseconds. */
const SLICE_TEXTS = 8;

/** Who reads, of which cluster, and at which origin its answers have their addresses. */
export interface Reader {
  readonly env: Bindings;
  readonly entry: ClusterEntry;
  readonly asker: Authenticated;
  readonly origin: string;
  readonly signal?: AbortSignal | undefined;
}

/** What a route of a batch is given in place of finding it. */
export interface Mounted extends Pick<Reader, "entry" | "asker">, BatchedRead {}

/** The routes that are answered from an image. */
export type Routes = (request: Request, given: Mounted) => Response | Promise<Response>;

export interface AnsweredBatch {
  readonly position: Position;
  /** `"epoch":…,"offset":…,"answers":[…]`, to stand in an object. */
  readonly fields: string;
  /** How many of the texts were made for it. */
  readonly made: number;
}

/** Throws a `Problem` when the demands cannot be met. A path that is refused is an answer like others. */
export async function answerBatch(
  { paths, ...demands }: ReadBatch,
  reader: Reader,
  routes: Routes,
): Promise<AnsweredBatch> {
  const { env, entry, signal } = reader;
  const key = clusterKey(entry);
  const seen = await see(key, freshnessOf(demands), logSource(env, entry, signal));
  const base = `${reader.origin}${BASE_PATH}/clusters/${entry.cluster_id}/`;
  let answers = "";
  let [made, madeCharacters] = [0, 0];
  for (const path of paths) {
    let text = knownAnswer(key, path, seen);
    if (text === undefined && madeCharacters > MADE_CHARACTERS_MAX) text = TOO_LARGE;
    if (text === undefined) {
      if (made > 0 && made % SLICE_TEXTS === 0) await nextEvent();
      text = await answerOf(base + path, { entry, asker: reader.asker, seen, path }, routes);
      made += 1;
      madeCharacters += text.length;
    }
    if (answers.length + text.length > ANSWER_CHARACTERS_MAX) text = TOO_LARGE;
    answers += answers === "" ? text : `,${text}`;
  }
  const { position } = seen;
  if (!seen.isPast) noteSeen(key, position);
  const { epoch, offset } = position;
  const fields = `"epoch":${epoch},"offset":${offset},"answers":[${answers}]`;
  return { position, fields, made };
}

function knownAnswer(key: string, path: string, { isPast, position }: Seen): string | undefined {
  const text = isPast ? undefined : textAt(key, path, position);
  return text === undefined ? undefined : answerText(200, text);
}

async function answerOf(address: string, given: Mounted, routes: Routes): Promise<string> {
  const url = URL.parse(address);
  // What would be read as another path, such as one with `..` in it, is not guessed at.
  if (url === null || url.href !== address || url.hash !== "")
    return refusalText("INVALID_REQUEST", "the path is not written as in an address");
  const demand = [...url.searchParams.keys()].find((name) => DEMANDS.includes(name));
  if (demand !== undefined) {
    const words = `${demand}: is demanded of the whole batch, in its body, and not of one path`;
    return refusalText("INVALID_REQUEST", words);
  }
  const response = await routes(new Request(address), given);
  return answerText(response.status, await response.text());
}

const answerText = (status: number, body: string): string => `{"status":${status},"body":${body}}`;

const refusalText = (kind: ProblemKind, message: string): string =>
  answerText(CODES[kind][0], JSON.stringify(errorBody(kind, message)));

const TOO_LARGE = refusalText(
  "ANSWER_TOO_LARGE",
  `the answers of a batch have at most ${ANSWER_CHARACTERS_MAX} characters; ask for this by itself, or for a page`,
);
