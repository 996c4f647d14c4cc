/**
 * An administrator of who may do what: delegation tokens of short lives, client quotas, SCRAM users and access control
 * entries, of few names each, so that much is there already or gone. He also tries what a mutation quota lets him change
 * (KIP-599), by requests that are only validated, and keeps an account of it for each office.
 */
import type {
  Operation,
  Outcome,
} from "../../../durable-objects/active-controller/active-controller.ts";
import { alterClientQuotas } from "../../../src/metadata/control/alter-client-quotas.ts";
import { alterUserScramCredentials } from "../../../src/metadata/control/alter-user-scram-credentials.ts";
import { createAcls } from "../../../src/metadata/control/create-acls.ts";
import { createDelegationToken } from "../../../src/metadata/control/create-delegation-token.ts";
import { createTopics } from "../../../src/metadata/control/create-topics.ts";
import { deleteAcls } from "../../../src/metadata/control/delete-acls.ts";
import { expireDelegationToken } from "../../../src/metadata/control/expire-delegation-token.ts";
import { renewDelegationToken } from "../../../src/metadata/control/renew-delegation-token.ts";
import { ANONYMOUS_CALLER, type ControlContext } from "../../../src/metadata/index.ts";
import {
  AlterClientQuotas,
  AlterUserScramCredentials,
  CreateAcls,
  CreateDelegationToken,
  CreateTopics,
  DeleteAcls,
  ErrorCode,
  ExpireDelegationToken,
  RenewDelegationToken,
} from "../../../src/protocol/index.ts";
import { TOKEN_KEY } from "../../metadata/token-key.ts";
import type { Instance } from "../instance.ts";
import { untilQuiet } from "../routine.ts";
import type { World } from "../world.ts";
import { MutationAccount, MUTATION_RATE } from "./mutation-account.ts";

const EVERY_MS = 700;
/** Of a token: some end while the world lasts, swept or by themselves, and some do not. */
const LIFE_MS = 20_000;
const OWNER = { ...ANONYMOUS_CALLER.principal, name: "ann" };
const USERS = ["ann", "bob"] as const;

type Wish = "token" | "renewal" | "end" | "quota" | "mutation" | "user" | "acl" | "no acl";
const WISHES: readonly Wish[] = [
  ...(["token", "token", "token", "renewal", "renewal", "end", "quota", "quota"] as const),
  ...(["mutation", "mutation", "mutation", "user", "acl", "acl", "no acl"] as const),
];

export class SecurityAdmin {
  readonly #world: World;
  /** What he was given by the present office of each controller that he asked. */
  readonly #accounts = new Map<string, MutationAccount>();

  constructor(world: World) {
    this.#world = world;
  }

  start(): void {
    untilQuiet(this.#world, EVERY_MS, () => this.#act());
  }

  #act(): void {
    const instance = this.#world.likelyLeader()?.instance;
    if (instance === undefined) return;
    this.#world.tally.count("security operations");
    const operation = this.#operation(this.#world.chance.pick(WISHES) ?? "token", instance);
    instance.submit(
      (view, context) =>
        operation(view, {
          ...context,
          apiVersion: 3,
          caller: { ...ANONYMOUS_CALLER, principal: OWNER, isForwarded: true },
          delegationTokenKey: TOKEN_KEY,
          hasAuthorizer: true,
        }),
      3,
      (outcome) => this.#hear(outcome),
    );
  }

  #operation(wish: Wish, instance: Instance): Operation<unknown> {
    switch (wish) {
      case "token":
        return this.#creation();
      case "renewal":
        return this.#renewal();
      case "end":
        return this.#end();
      case "quota":
        return this.#quota();
      case "mutation":
        return this.#mutation(instance);
      case "user":
        return this.#user();
      case "acl":
        return this.#acl();
      case "no acl":
        return this.#noAcl();
    }
  }

  #creation(): Operation<unknown> {
    const renewers = [{ principalType: "User", principalName: "bob" }];
    const maxLifetimeMs = BigInt(this.#world.chance.between(1, LIFE_MS));
    const request = CreateDelegationToken.request.fill({
      ownerPrincipalName: null,
      renewers: this.#world.chance.happens(0.5) ? renewers : [],
      maxLifetimeMs,
    });
    return (view, context) => createDelegationToken.run(view, request, context);
  }

  #renewal(): Operation<unknown> {
    const renewPeriodMs = BigInt(this.#world.chance.between(-1, LIFE_MS));
    return this.#ofSomeToken((hmac) => {
      const request = RenewDelegationToken.request.fill({ hmac, renewPeriodMs });
      return (view, context) => renewDelegationToken.run(view, request, context);
    });
  }

  /** At once, or after a while; the world is told which tokens did not end by themselves. */
  #end(): Operation<unknown> {
    const { chance, history } = this.#world;
    const expiryTimePeriodMs = chance.happens(0.5) ? -1n : BigInt(chance.between(0, LIFE_MS));
    return this.#ofSomeToken((hmac) => {
      const request = ExpireDelegationToken.request.fill({ hmac, expiryTimePeriodMs });
      return (view, context) => {
        const result = expireDelegationToken.run(view, request, context);
        for (const record of result.records)
          if (record.type === "REMOVE_DELEGATION_TOKEN_RECORD")
            history.tokens.ended(record.data.tokenId);
        return result;
      };
    });
  }

  /** Of those in the view as it is when the operation runs. */
  #ofSomeToken(operation: (hmac: Uint8Array) => Operation<unknown>): Operation<unknown> {
    return (view, context) => {
      const tokenId = this.#world.chance.pick([...view.delegationTokens.keys()]);
      if (tokenId === undefined || TOKEN_KEY === null) return { records: [], response: null };
      return operation(TOKEN_KEY.hmacOf(tokenId))(view, context);
    };
  }

  /** His own quota of mutations is always the same, if there is one; other quotas change. */
  #quota(): Operation<unknown> {
    const { chance } = this.#world;
    const isOwn = chance.happens(0.8);
    const entityName = isOwn ? OWNER.name : "bob";
    const key = isOwn ? "controller_mutation_rate" : "producer_byte_rate";
    const value = isOwn ? MUTATION_RATE : chance.between(0, 1_000);
    const ops = [{ key, value, remove: chance.happens(0.2) }];
    const entries = [{ entity: [{ entityType: "user", entityName }], ops }];
    const request = AlterClientQuotas.request.fill({ entries });
    return (view, context) => alterClientQuotas.run(view, request, { ...context, apiVersion: 1 });
  }

  #mutation(instance: Instance): Operation<unknown> {
    const { chance, tally } = this.#world;
    const topic = { name: "validated", numPartitions: chance.between(1, 20), replicationFactor: 1 };
    const request = CreateTopics.request.fill({ topics: [topic], validateOnly: true });
    return (view, context) => {
      const result = createTopics.run(view, request, { ...context, apiVersion: 7 });
      const code = result.response.topics[0]?.errorCode;
      const isRefused = code === ErrorCode.THROTTLING_QUOTA_EXCEEDED;
      if (isRefused) tally.count("situation: a change was throttled");
      if (result.mutationBuckets === undefined || (!isRefused && code !== ErrorCode.NONE))
        return result;
      const fault = this.#account(instance, context).take(topic.numPartitions, {
        nowMs: context.nowMs,
        isRefused,
      });
      if (fault !== null) this.#world.complain("mutations-keep-their-rate", fault);
      return result;
    };
  }

  /** Buckets are soft state: another office begins with full ones. */
  #account({ replica, incarnation, state }: Instance, { config }: ControlContext): MutationAccount {
    const office = `${replica.name}#${incarnation}@${state.election.epoch}`;
    const account = this.#accounts.get(office) ?? new MutationAccount(config.quotaWindow);
    this.#accounts.set(office, account);
    return account;
  }

  #user(): Operation<unknown> {
    const { chance } = this.#world;
    const user = { name: chance.pick(USERS) ?? "ann", mechanism: chance.between(0, 2) };
    const deletions = chance.happens(0.4) ? [user] : [];
    const iterations = chance.pick([4_096, 8_192, 1]) ?? 4_096;
    const bytes = new Uint8Array(32).fill(chance.between(0, 255));
    const upsertion = { ...user, iterations, salt: bytes, saltedPassword: bytes };
    const upsertions = deletions.length > 0 ? [] : [upsertion];
    const request = AlterUserScramCredentials.request.fill({ deletions, upsertions });
    return (view, context) =>
      alterUserScramCredentials.run(view, request, { ...context, apiVersion: 0 });
  }

  #acl(): Operation<unknown> {
    const { chance } = this.#world;
    const creations = Array.from({ length: chance.between(1, 3) }, () => ({
      resourceType: 2,
      resourceName: "a",
      resourcePatternType: chance.between(3, 4),
      principal: `User:${chance.pick(USERS)}`,
      host: "*",
      operation: 3,
      permissionType: chance.between(2, 3),
    }));
    const request = CreateAcls.request.fill({ creations });
    return (view, context) => createAcls.run(view, request, context);
  }

  #noAcl(): Operation<unknown> {
    const { chance } = this.#world;
    const filter = {
      resourceTypeFilter: 1,
      resourceNameFilter: "a",
      patternTypeFilter: chance.between(3, 4),
      principalFilter: `User:${chance.pick(USERS)}`,
      hostFilter: null,
      operation: 1,
      permissionType: 1,
    };
    const request = DeleteAcls.request.fill({ filters: [filter] });
    return (view, context) => deleteAcls.run(view, request, context);
  }

  #hear(outcome: Outcome<unknown> | null): void {
    const { tally } = this.#world;
    tally.count(`security operations ${outcome?.kind ?? "unknown"}`);
    if (outcome?.kind === "failed")
      this.#world.complain("operations-succeed", String(outcome.cause));
  }
}
