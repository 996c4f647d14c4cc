/** The Worker and the token: whether it answers, how fast, by what clock, and whom it takes the bearer for. */
import type { Deployment } from "../../client/caller.ts";
import { ANY_CLUSTER, statedClaims } from "../../src/access/index.ts";
import { ill, odd, well, type Finding } from "./finding.ts";

const ASKS = 5;
const ASK_MS = 5_000;
/** Kafka's timestamps and the ends of tokens are taken from clocks. */
const SKEW_MS = 2_000;
const SOON_S = 14 * 86_400;

interface Ask {
  readonly tookMs: number;
  readonly status: number;
  /** What its `Date` says, less what ours does; null where it says nothing. */
  readonly aheadMs: number | null;
}

/** Empty when it does not answer; then nothing else can be examined. */
export async function examineEdge(
  deployment: Deployment,
): Promise<{ readonly findings: readonly Finding[]; readonly answers: boolean }> {
  const asks: Ask[] = [];
  try {
    for (let at = 0; at < ASKS; at += 1) asks.push(await ask(`${deployment.url}/health/live`));
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    const mend =
      "Start it (kedge up), or name another with --edge; behind a proxy, look at HTTPS_PROXY.";
    return {
      findings: [ill(`nothing answers at ${deployment.url}: ${why}`, mend)],
      answers: false,
    };
  }
  const status = asks.at(-1)?.status ?? 0;
  if (status !== 200) {
    const what = `${deployment.url}/health/live answers ${status}`;
    return {
      findings: [ill(what, "What answers there is no kedge: look at --edge.")],
      answers: false,
    };
  }
  const ms = median(asks.map(({ tookMs }) => tookMs));
  const findings = [well(`the Worker answers at ${deployment.url} in ${ms.toFixed(1)} ms`)];
  const skews = asks.flatMap(({ aheadMs }) => aheadMs ?? []);
  if (skews.length > 0) findings.push(clock(median(skews)));
  findings.push(...token(deployment.token));
  return { findings, answers: true };
}

async function ask(url: string): Promise<Ask> {
  const startMs = performance.now();
  const response = await fetch(url, { signal: AbortSignal.timeout(ASK_MS) });
  await response.arrayBuffer();
  const date = Date.parse(response.headers.get("Date") ?? "");
  return {
    tookMs: performance.now() - startMs,
    status: response.status,
    // The header counts in seconds.
    aheadMs: Number.isNaN(date) ? null : date + 500 - Date.now(),
  };
}

function clock(aheadMs: number): Finding {
  if (Math.abs(aheadMs) <= SKEW_MS) return well("this machine's clock is the edge's");
  const how = `${Math.round(Math.abs(aheadMs) / 1_000)} s ${aheadMs > 0 ? "behind" : "ahead of"} the edge's`;
  return odd(
    `this machine's clock is ${how}`,
    "Let NTP set it: records and the ends of tokens go by clocks.",
  );
}

function token(text: string | null): readonly Finding[] {
  if (text === null)
    return [
      odd(
        "there is no token",
        "kedge token makes one; put it into KEDGE_TOKEN or a file for --token-file.",
      ),
    ];
  const claims = statedClaims(text);
  if (claims === null)
    return [
      ill("the token is none of kedge's", "kedge token makes one; KEDGE_TOKEN must hold it whole."),
    ];
  const { role, cluster, expiresAt } = claims;
  const leftS = expiresAt - Date.now() / 1_000;
  const until = new Date(expiresAt * 1_000).toISOString();
  const what = `the token is ${article(role)} ${role}'s for ${cluster === ANY_CLUSTER ? "every cluster" : cluster}`;
  if (leftS <= 0) return [ill(`${what}, and ended at ${until}`, "kedge token makes another.")];
  if (leftS < SOON_S)
    return [odd(`${what}, and ends at ${until}`, "Make another in time: kedge token.")];
  return [well(`${what}, until ${until}`)];
}

const article = (word: string): string => (/^[aeo]/.test(word) ? "an" : "a");

export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? Number.NaN;
