/** Requests for delegation tokens, put to a controller of Kafka's that has a key, and a few to one that has none. */
import { delegationTokenKey } from "../../durable-objects/delegation-token-key.ts";
import type { Kafka } from "../../local/kafka-release.ts";
import { ErrorCode } from "../../src/protocol/index.ts";
import { TOKEN_SECRET } from "../metadata/token-key.ts";
import { JvmController } from "./jvm-controller.ts";
import {
  TOKEN_ERRORS,
  TOKEN_LIFETIMES,
  TOKEN_REQUESTS_MIN,
  TokenComparison,
} from "./token-requests.ts";
import { drawsOf } from "./draws.ts";

/** Rejects at the first answer that differs, and when an error that can be answered never was. */
export async function compareTokens(
  kafka: Kafka,
  { requests, seed }: { readonly requests: number; readonly seed: number },
): Promise<string> {
  const draw = drawsOf(seed);
  const codes = new Set<number>();
  const words: string[] = [];
  for (const [secret, count] of [
    [null, 30],
    [TOKEN_SECRET, Math.max(TOKEN_REQUESTS_MIN, Math.ceil(requests / 4))],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one Java process at a time
    const controller = await JvmController.start(kafka, {}, [
      `delegation.token.max.lifetime.ms=${TOKEN_LIFETIMES.maxMs}`,
      `delegation.token.expiry.time.ms=${TOKEN_LIFETIMES.expiryMs}`,
      ...(secret === null ? [] : [`delegation.token.secret.key=${inProperties(secret)}`]),
    ]);
    try {
      const comparison = new TokenComparison(controller, delegationTokenKey(secret));
      // oxlint-disable-next-line no-await-in-loop -- likewise
      words.push(await comparison.run(count, draw));
      for (const code of comparison.codes) codes.add(code);
    } finally {
      // oxlint-disable-next-line no-await-in-loop -- likewise
      await controller.stop();
    }
  }
  const missing = TOKEN_ERRORS.filter((name) => !codes.has(ErrorCode[name]));
  if (missing.length > 0) throw new Error(`never answered: ${missing.join(", ")}`);
  return words.join("; ");
}

/** A file of properties is in Latin-1, and has the rest as escapes. */
function inProperties(text: string): string {
  return text.replaceAll(
    /[^\x20-\x7e]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
