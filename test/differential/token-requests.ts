/**
 * Requests for delegation tokens, put to this controller and to one of Kafka's that has the same key: nearly all in
 * envelopes, in the name of somebody whom a broker would have authenticated. The responses must be the same, and at the
 * end what the two logs say.
 *
 * What cannot be the same is taken from Kafka's answer and held against the rule: a token's id is drawn, so its HMAC
 * must be that of the id; and now is some millisecond between the question and the answer. Kafka's controller finds a
 * token in a cache that follows its log, so after each change the next request waits until it is seen there.
 */
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import {
  applyRecords,
  controllerApis,
  emptyImage,
  runAuthorized,
  type Caller,
  type DelegationTokenKey,
  type MetadataImage,
} from "../../src/metadata/index.ts";
import {
  ANONYMOUS,
  apis,
  ErrorCode,
  versionsOf,
  type CreateDelegationTokenResponse,
  type ErrorName,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { contextFor, lawfullyReplayed } from "../metadata/world.ts";
import type { JvmController } from "./jvm-controller.ts";
import { mostly, pick, type Draw } from "./draws.ts";

type TokenApi = "CreateDelegationToken" | "RenewDelegationToken" | "ExpireDelegationToken";

interface Asked {
  readonly name: TokenApi;
  readonly version: number;
  readonly body: object;
  /** Null: the request is in no envelope. */
  readonly who: Caller["principal"] | null;
}

interface Answer {
  readonly errorCode: number;
}

/** As the controller is told by its properties. */
const SETTINGS = { superUsers: new Set(["User:ANONYMOUS"]), allowEveryoneIfNoAclFound: false };
export const TOKEN_LIFETIMES = { maxMs: 50_000_000, expiryMs: 9_000_000 };

/** Who may make tokens for whom, beside himself. */
const ENTRY = {
  resourceType: 7,
  resourceName: "User:bob",
  resourcePatternType: 3,
  principal: "User:ann",
  host: "*",
  operation: 13,
  permissionType: 3,
};

/** Fewer do not meet all that can be answered. */
export const TOKEN_REQUESTS_MIN = 300;

/** What must have been answered, or too little was asked. */
export const TOKEN_ERRORS = [
  "NONE",
  "DELEGATION_TOKEN_AUTH_DISABLED",
  "DELEGATION_TOKEN_NOT_FOUND",
  "DELEGATION_TOKEN_OWNER_MISMATCH",
  "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED",
  "DELEGATION_TOKEN_AUTHORIZATION_FAILED",
  "DELEGATION_TOKEN_EXPIRED",
  "INVALID_PRINCIPAL_TYPE",
] as const satisfies readonly ErrorName[];

/** As many as one may make here. */
const TOKENS_MAX = 900;
/** Of the last few: what was done to one shows in what is asked of it next. */
const NAMED_MAX = 6;
const HOUR_MS = 3_600_000n;
/** Nobody: who asks in this name changes nothing, and is told what the cache knows. */
const PROBE = { type: "User", name: "probe", tokenAuthenticated: false };
const PROBE_MS = 30_000;

const user = (principalName: string, principalType = "User") => ({ principalType, principalName });

const creation = (draw: Draw) => ({
  ...pick(
    [
      { ownerPrincipalType: null, ownerPrincipalName: null },
      { ownerPrincipalType: "User", ownerPrincipalName: "" },
      { ownerPrincipalType: "User", ownerPrincipalName: "ann" },
      { ownerPrincipalType: "User", ownerPrincipalName: "bob" },
      { ownerPrincipalType: "Robot", ownerPrincipalName: "bob" },
    ],
    draw,
  ),
  renewers: Array.from({ length: draw(3) }, () =>
    mostly([user("bob"), user("eve"), user("")], [user("ann", "Group")], draw),
  ),
  maxLifetimeMs: mostly([-1n, 0n, HOUR_MS, 2n ** 63n - 1n], [1n, -(2n ** 63n)], draw),
});

/** What is asked next, of the tokens that there are or were. */
function drawnRequest(draw: Draw, hmacs: readonly Uint8Array[]): Asked {
  const isCreation = hmacs.length === 0 || (hmacs.length < TOKENS_MAX && draw(4) === 0);
  const name = isCreation
    ? "CreateDelegationToken"
    : pick(["RenewDelegationToken", "ExpireDelegationToken"] as const, draw);
  const versions = versionsOf(apis[name].valid);
  const version = isCreation ? mostly([3], versions, draw) : pick(versions, draw);
  const hmac =
    isCreation || draw(15) === 0 ? new Uint8Array(draw(65)) : pick(hmacs.slice(-NAMED_MAX), draw);
  const period = mostly([-1n, 0n, HOUR_MS, 2n * HOUR_MS], [2n ** 63n - 1n, -(2n ** 63n)], draw);
  const bodies = {
    CreateDelegationToken: () => (version < 3 ? { ...creation(draw), ...OWN } : creation(draw)),
    RenewDelegationToken: () => ({ hmac, renewPeriodMs: period }),
    ExpireDelegationToken: () => ({ hmac, expiryTimePeriodMs: period }),
  };
  const principal = {
    type: mostly(["User"], ["Robot"], draw),
    name: pick(["ann", "ann", "bob", "eve"], draw),
    tokenAuthenticated: draw(15) === 0,
  };
  return { name, version, body: bodies[name](), who: draw(20) === 0 ? null : principal };
}

const OWN = { ownerPrincipalType: "", ownerPrincipalName: "" };

/** What is answered and written here, at a given time. */
function answeredHere(
  view: MetadataImage,
  { name, version, body, who }: Asked,
  { nowMs, key }: { readonly nowMs: number; readonly key: DelegationTokenKey | null },
) {
  const operation = controllerApis[name];
  if (operation === undefined) throw new RangeError(`${name} is not served`);
  const context = contextFor(view, {
    nowMs,
    apiVersion: version,
    delegationTokenKey: key,
    caller: { principal: who ?? ANONYMOUS, isForwarded: who !== null, clientAddress: "10.0.0.9" },
  });
  const config = {
    ...context.config,
    delegationTokenMaxLifetimeMs: TOKEN_LIFETIMES.maxMs,
    delegationTokenExpiryTimeMs: TOKEN_LIFETIMES.expiryMs,
  };
  const call = {
    operation,
    view,
    request: apis[name].request.fill(body),
    context: { ...context, config },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- drawn for that very API
  const { records, response } = runAuthorized(name, call as never, SETTINGS);
  return { records, response };
}

const isCreated = (response: object): response is CreateDelegationTokenResponse =>
  "tokenId" in response && response.tokenId !== "";

const inWords = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === "bigint"
      ? String(part)
      : part instanceof Uint8Array
        ? Buffer.from(part).toString("hex")
        : part,
  );

const withId = (records: readonly MetadataRecord[], tokenId: string): readonly MetadataRecord[] =>
  records.map((record) =>
    record.type === "DELEGATION_TOKEN_RECORD"
      ? { ...record, data: { ...record.data, tokenId } }
      : record,
  );

export class TokenComparison {
  readonly #kafka: JvmController;
  readonly #key: DelegationTokenKey | null;
  #view: MetadataImage = emptyImage;
  readonly #hmacs: Uint8Array[] = [];
  /** How often each code was answered. */
  readonly #codes = new Map<number, number>();

  constructor(kafka: JvmController, key: DelegationTokenKey | null) {
    this.#kafka = kafka;
    this.#key = key;
  }

  /** Puts requests to both; rejects at the first difference, with the request. */
  async run(count: number, draw: Draw): Promise<string> {
    await this.#kafka.ask("CreateAcls", 3, { creations: [ENTRY] });
    this.#view = replayedFrom(await this.#kafka.records());
    for (let at = 0; at < count; at += 1) {
      const asked = drawnRequest(draw, this.#hmacs);
      // oxlint-disable-next-line no-await-in-loop -- each request finds what the one before has left
      const changed = await this.#compare(asked, at);
      // oxlint-disable-next-line no-await-in-loop -- likewise
      if (changed !== null) await this.#untilSeen(changed);
    }
    const [here, there] = [this.#view, replayedFrom(await this.#kafka.records())].map((image) =>
      Array.from(image.delegationTokens.values()),
    );
    if (!isDeepStrictEqual(here, there))
      throw new Error(`the logs differ\nthis says ${inWords(here)}\nKafka says ${inWords(there)}`);
    const names = Object.entries(ErrorCode);
    const seen = [...this.#codes]
      .toSorted(([one], [other]) => one - other)
      .map(([code, times]) => `${names.find(([, own]) => own === code)?.[0]} ${times}`);
    return `${count} requests: ${seen.join(", ")}`;
  }

  get codes(): ReadonlySet<number> {
    return new Set(this.#codes.keys());
  }

  /** The HMAC of the token that it changed, if it changed one. */
  async #compare(asked: Asked, at: number): Promise<Uint8Array | null> {
    const fromMs = Date.now();
    const theirs = await this.#asked(asked);
    const untilMs = Date.now();
    const { version, name } = asked;
    const codec = apis[name].response.at(version);
    let said: unknown;
    for (let nowMs = fromMs; nowMs <= untilMs; nowMs += 1) {
      const { records, response } = answeredHere(this.#view, asked, { nowMs, key: this.#key });
      const isNew = isCreated(response) && isCreated(theirs);
      const ours = isNew ? this.#named(response, theirs.tokenId) : response;
      said = codec.decode(codec.encode(ours));
      if (!isDeepStrictEqual(said, theirs)) continue;
      this.#view = lawfullyReplayed(this.#view, isNew ? withId(records, theirs.tokenId) : records);
      this.#codes.set(theirs.errorCode, (this.#codes.get(theirs.errorCode) ?? 0) + 1);
      if (theirs.errorCode !== ErrorCode.NONE) return null;
      if (isNew) this.#hmacs.push(theirs.hmac);
      return isNew ? theirs.hmac : hmacIn(asked.body);
    }
    throw new Error(
      `request ${at}: ${inWords(asked)}\nthis says ${inWords(said)}\nKafka says ${inWords(theirs)}`,
    );
  }

  /** Our response with the id that Kafka drew, and its HMAC. */
  #named(response: CreateDelegationTokenResponse, tokenId: string): CreateDelegationTokenResponse {
    const key = this.#key;
    if (key === null || !isDeepStrictEqual(response.hmac, key.hmacOf(response.tokenId)))
      throw new Error(`an HMAC is not that of its token: ${inWords(response)}`);
    return { ...response, tokenId, hmac: key.hmacOf(tokenId) };
  }

  async #asked({ name, version, body, who }: Asked): Promise<Answer> {
    const answer =
      who === null
        ? await this.#kafka.ask(name, version, body)
        : await this.#kafka.askForwarded(name, version, { body, principal: who });
    if (!("errorCode" in answer) || typeof answer.errorCode !== "number")
      throw new TypeError(`no answer to ${name}: ${inWords(answer)}`);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has just been looked at
    return answer as Answer;
  }

  /** Waits until Kafka's cache knows of the token what our view does. */
  async #untilSeen(hmac: Uint8Array): Promise<void> {
    const body = { hmac, renewPeriodMs: 0n };
    const asked: Asked = { name: "RenewDelegationToken", version: 2, body, who: PROBE };
    const deadline = Date.now() + PROBE_MS;
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- again until it is seen
      const { errorCode } = await this.#asked(asked);
      const nowMs = Date.now();
      const { response } = answeredHere(this.#view, asked, { nowMs, key: this.#key });
      const token = this.#key?.tokenOf(this.#view.delegationTokens, hmac);
      // What expires in this very moment is waited for.
      const isSettled = token === undefined || Math.abs(token.expirationTimestamp - nowMs) > 1_000;
      const isOver = token !== undefined && token.expirationTimestamp < nowMs;
      if (response.errorCode === errorCode && (isSettled || isOver)) return;
      if (nowMs > deadline) throw new Error(`Kafka's cache never followed: it says ${errorCode}`);
      // oxlint-disable-next-line no-await-in-loop -- likewise
      await pause(2);
    }
  }
}

const hmacIn = (body: object): Uint8Array | null =>
  "hmac" in body && body.hmac instanceof Uint8Array ? body.hmac : null;

const replayedFrom = (records: readonly MetadataRecord[]): MetadataImage =>
  applyRecords(emptyImage, records, { endOffset: records.length, epoch: 1, timestampMs: 0 });
