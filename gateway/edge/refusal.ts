/** What an answer other than 200 says: whom it concerns, and the sentence for an operator. */
import type { EdgeAnswer } from "./edge-client.ts";
import type { Failure, Route, Scope } from "./outages.ts";
import { retryAfterMs } from "./retry-after.ts";

export const TOO_MANY = 429;
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const NOT_FOUND = 404;

/** As much of a body as fits into a line of the log. */
const WORDS_MAX = 300;

interface Asked {
  readonly route: Route;
  /** The gateway has a token of its own. */
  readonly hasToken: boolean;
  /** By the clock on the wall, by which an edge may say until when it is to be left alone. */
  readonly now: number;
}

/** Null when the answer is about the one frame, as a 400 is. */
export function failureIn(answer: EdgeAnswer, asked: Asked): Failure | null {
  const { status } = answer;
  const askedMs = retryAfterMs(answer.retryAfter, asked.now);
  const failure = (scope: Scope, sentence: string): Failure => ({
    scope,
    status,
    sentence,
    askedMs,
  });
  const isDenied = status === UNAUTHORIZED || status === FORBIDDEN;
  if ((status >= 300 && status < 400) || (isDenied && messageIn(answer) === null))
    return failure(
      "edge",
      `something before the edge answered ${status}: if it wants a login, such as a Cloudflare Access service token, that belongs into --header-file`,
    );
  if (status === UNAUTHORIZED)
    return failure("credential", `${unauthorized(asked)} ${sentenceOf(answer)}`);
  if (status === FORBIDDEN)
    return failure("principal", `${forbidden(asked)} ${sentenceOf(answer)}`);
  if (status === TOO_MANY) return failure("principal", sentenceOf(answer));
  if (status === NOT_FOUND || status >= 500) return failure("controller", sentenceOf(answer));
  return null;
}

export const sentenceOf = (answer: EdgeAnswer): string =>
  `the edge answered ${answer.status}: ${wordsOf(answer)}`;

function unauthorized({ route, hasToken }: Asked): string {
  if (route.identity.by === "token") return "a client's token is not accepted:";
  return hasToken
    ? "this gateway's token is not accepted:"
    : "the edge wants a token and this gateway has none (--token-file or KEDGE_TOKEN):";
}

function forbidden(asked: Asked): string {
  const { identity } = asked.route;
  const isNamed = identity.by === "gateway" && identity.principal !== null;
  return isNamed && asked.hasToken
    ? "whom a client's certificate names is not accepted:"
    : unauthorized(asked);
}

/** On one line, whatever the body holds. */
export function wordsOf(answer: EdgeAnswer): string {
  const words = messageIn(answer) ?? answer.body.toString("utf8", 0, WORDS_MAX);
  // oxlint-disable-next-line no-control-regex -- what would begin another line of the log
  return words.slice(0, WORDS_MAX).replaceAll(/[\u0000-\u001f\u007f]+/g, " ");
}

/** The message of a refusal in the edge's own form; null for any other body. */
function messageIn({ body }: EdgeAnswer): string | null {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    const isRefusal = typeof parsed === "object" && parsed !== null && "error_code" in parsed;
    return isRefusal && "message" in parsed ? String(parsed.message) : null;
  } catch {
    return null;
  }
}
