/**
 * Mistakes in who gets a delegation token, who may change it, and when it ends; and in what else is written of who may
 * do what, and how much of it.
 */
import type { Edit, Mutant } from "./mutant.ts";

const REQUEST = "src/metadata/control/delegation-token-request.ts";
const CREATE = "src/metadata/control/create-delegation-token.ts";
const EXPIRE = "src/metadata/control/expire-delegation-token.ts";
const DUTIES = "durable-objects/active-controller/duties.ts";

const tokenMutant = (
  name: string,
  [file, find, replace]: readonly [string, string, string],
  witness: "rules" | "controller" = "rules",
): Mutant => ({
  name,
  breaks: "KIP-48",
  edits: [{ file, find, replace }],
  killers: [witness],
  witness,
});

/** Judged by whole quorums, in which somebody administers who may do what. */
const swarmMutant = (
  name: string,
  breaks: string,
  { killer, file, find, replace }: Edit & { readonly killer: string },
): Mutant => ({ name, breaks, edits: [{ file, find, replace }], killers: [killer] });

export const TOKEN_MUTANTS: readonly Mutant[] = [
  swarmMutant("a sweep takes tokens that last", "KIP-48", {
    killer: "living-tokens-are-kept",
    file: "src/metadata/duties/expire-delegation-tokens.ts",
    find: "if (!hasExpired(token, nowMs)) continue;",
    replace: "if (!hasExpired(token, nowMs) && token.issueTimestamp > nowMs) continue;",
  }),
  swarmMutant("a renewal ends the lifetime", "KIP-48", {
    killer: "rights-are-sound",
    file: "src/metadata/control/renew-delegation-token.ts",
    find: "{ ...token, expirationTimestamp: expiryTimestampMs }",
    replace:
      "{ ...token, maxTimestamp: expiryTimestampMs, expirationTimestamp: expiryTimestampMs }",
  }),
  swarmMutant("an access control entry that is there is written again", "KIP-801", {
    killer: "rights-are-sound",
    file: "src/metadata/control/create-acls.ts",
    find: "if (isThere(view.acls, entry) || written.has(text)) return",
    replace: "if ((isThere(view.acls, entry) && text === '') || written.has(text)) return",
  }),
  swarmMutant("what a client has changed is forgotten with the request", "KIP-599", {
    killer: "mutations-keep-their-rate",
    file: "durable-objects/active-controller/active-controller.ts",
    find: "if (result.mutationBuckets !== undefined) this.#mutationBuckets =",
    replace: "if (result.mutationBuckets === null) this.#mutationBuckets =",
  }),
  tokenMutant("who logged in with a token gets another", [
    REQUEST,
    "isForwarded && !principal.tokenAuthenticated",
    "isForwarded",
  ]),
  tokenMutant("who comes by himself gets a token", [
    REQUEST,
    "isForwarded && !principal.tokenAuthenticated",
    "!principal.tokenAuthenticated",
  ]),
  tokenMutant("who requested a token for another may renew it", [
    REQUEST,
    "({ owner, renewers }: DelegationTokenRecord, caller: Named): boolean =>\n  isSayable(caller) && [owner, ...renewers]",
    "({ owner, requester, renewers }: DelegationTokenRecord, caller: Named): boolean =>\n  isSayable(caller) && [owner, requester, ...renewers]",
  ]),
  tokenMutant("a principal that reads like the owner is the owner", [
    REQUEST,
    "isSayable(caller) && [owner",
    "[owner",
  ]),
  tokenMutant("a token whose lifetime is over is renewed", [
    REQUEST,
    "maxTimestamp < nowMs || expirationTimestamp < nowMs",
    "expirationTimestamp < nowMs",
  ]),
  tokenMutant("a token ends a millisecond early", [
    REQUEST,
    "maxTimestamp < nowMs || expirationTimestamp < nowMs",
    "maxTimestamp <= nowMs || expirationTimestamp <= nowMs",
  ]),
  tokenMutant("a token lives as long as is asked for", [
    REQUEST,
    "askedMs > 0n && askedMs < BigInt(mostMs)",
    "askedMs > 0n",
  ]),
  tokenMutant("a token is renewed beyond its lifetime", [
    "src/metadata/control/renew-delegation-token.ts",
    "Math.min(token.maxTimestamp, later(nowMs, byMs))",
    "later(nowMs, byMs)",
  ]),
  tokenMutant("a token is expired beyond its lifetime", [
    EXPIRE,
    "Math.min(token.maxTimestamp, later(nowMs, expiryTimePeriodMs))",
    "later(nowMs, expiryTimePeriodMs)",
  ]),
  tokenMutant("a token is ended by anybody who knows its HMAC", [
    EXPIRE,
    '  if (!mayRenew(token, caller.principal)) return faulty("DELEGATION_TOKEN_OWNER_MISMATCH");\n',
    "",
  ]),
  tokenMutant("a token is written below the level that has tokens", [
    REQUEST,
    "view.features.metadataVersion < MV_DELEGATION_TOKENS",
    "view.features.metadataVersion < MV_DELEGATION_TOKENS - 1",
  ]),
  tokenMutant("a beginning of an HMAC is enough", [
    "src/metadata/control/delegation-token-key.ts",
    "  if (one.length !== other.length) return false;\n",
    "  if (other.length === 0) return false;\n",
  ]),
  tokenMutant("one user takes all places", [
    CREATE,
    'return own >= TOKENS_OF_REQUESTER_MAX ? "POLICY_VIOLATION" : null;',
    "return own < 0 ? null : null;",
  ]),
  tokenMutant("tokens are without end", [CREATE, "|| tokens.size >= TOKENS_MAX", ""]),
  tokenMutant("a token for another owner takes no right", [
    "src/metadata/authorized/on-token-owners.ts",
    "!mayAskForTokens(caller) || isSamePrincipal(owner, caller.principal)",
    "!mayAskForTokens(caller) || owner.name !== ''",
  ]),
  tokenMutant("a sweep stops at the first thousand", [
    "src/metadata/duties/expire-delegation-tokens.ts",
    "response: { isBounded: true }",
    "response: { isBounded: false }",
  ]),
  tokenMutant(
    "no sweep is due of what a predecessor left",
    [
      "durable-objects/active-controller/office.ts",
      "    this.#duties.tokensChanged(this.#active.hasDelegationTokens, nowMs);\n",
      "",
    ],
    "controller",
  ),
  tokenMutant(
    "the sweep over tokens keeps its first interval",
    [
      DUTIES,
      'hasTokens ? settings["delegation.token.expiry.check.interval.ms"]',
      "hasTokens ? 3_600_000",
    ],
    "controller",
  ),
];
