/** Steps of a random life that concern who may do what: plausible, and often wrong. */
import { expect } from "vitest";
import { expireDelegationTokens } from "../../src/metadata/duties/expire-delegation-tokens.ts";
import type { MetadataImage } from "../../src/metadata/index.ts";
import type { Office } from "./office.ts";
import { rightsFault } from "./rights.ts";
import { TOKEN_KEY } from "./token-key.ts";

type Draw = (bound: number) => number;
type Step = (office: Office, draw: Draw) => void;

const pick = <Item>(draw: Draw, items: readonly [Item, ...Item[]]): Item =>
  items[draw(items.length)] ?? items[0];

/** The most partitions that a request of the walk changes: so far may one overdraw a bucket. */
const OVERDRAWN_MAX = 6;

export const RIGHTS_STEPS: readonly Step[] = [
  delegationToken,
  delegationToken,
  sweepTokens,
  alterQuotas,
  alterCredentials,
  createAcl,
  deleteAcls,
];

/** The laws of what these steps write, after any step; `before` is the image from before it. */
export function expectRights(before: MetadataImage, office: Office): void {
  expect(rightsFault(before, office.view)).toBeNull();
  for (const [, { tokens, capacity }] of office.mutationBuckets) {
    expect(tokens).toBeLessThanOrEqual(capacity);
    expect(tokens).toBeGreaterThanOrEqual(-OVERDRAWN_MAX);
  }
}

/** A token comes, is renewed or ended; an HMAC may be of one that is gone. */
function delegationToken(office: Office, draw: Draw): void {
  const ids = [...office.view.delegationTokens.keys(), "gone"];
  const hmac = TOKEN_KEY?.hmacOf(ids[draw(ids.length)] ?? "gone") ?? new Uint8Array();
  const periodMs = BigInt(draw(20_000) - 1_000);
  switch (draw(4)) {
    case 0:
      office.ask("RenewDelegationToken", { hmac, renewPeriodMs: periodMs });
      break;
    case 1:
      office.ask("ExpireDelegationToken", { hmac, expiryTimePeriodMs: periodMs });
      break;
    default:
      office.ask("CreateDelegationToken", {
        ownerPrincipalName: null,
        renewers: Array.from({ length: draw(3) }, () => ({
          principalType: draw(9) === 0 ? "Group" : "User",
          principalName: `u${draw(3)}`,
        })),
        maxLifetimeMs: periodMs,
      });
  }
}

/** What has expired is gone, and what has not is there. */
function sweepTokens(office: Office): void {
  const { nowMs } = office;
  const living = [...office.view.delegationTokens.values()]
    .filter((token) => token.expirationTimestamp >= nowMs && token.maxTimestamp >= nowMs)
    .map(({ tokenId }) => tokenId);
  office.perform(expireDelegationTokens);
  expect([...office.view.delegationTokens.keys()]).toEqual(living);
}

/** Of users, clients and addresses; that of mutations also limits the walk itself, until it is removed. */
function alterQuotas(office: Office, draw: Draw): void {
  const entity = pick(draw, [
    [{ entityType: "user", entityName: "ANONYMOUS" }],
    [{ entityType: "user", entityName: "ANONYMOUS" }],
    [{ entityType: "user", entityName: null }],
    [
      { entityType: "client-id", entityName: "c" },
      { entityType: "user", entityName: `u${draw(2)}` },
    ],
    [{ entityType: "ip", entityName: pick(draw, ["10.0.0.1", "nowhere"]) }],
    [],
  ]);
  const rate = "controller_mutation_rate";
  const key = pick(draw, [rate, rate, "producer_byte_rate", "request_percentage"]);
  const value = pick(draw, [0.1, 0.1, 1, 1_024, 0, -1]);
  const ops = [{ key, value, remove: draw(3) === 0 }];
  office.ask("AlterClientQuotas", { entries: [{ entity, ops }], validateOnly: draw(9) === 0 });
}

function alterCredentials(office: Office, draw: Draw): void {
  const named = () => ({ name: pick(draw, ["u0", "u1", ""]), mechanism: draw(4) });
  const deletions = Array.from({ length: draw(2) }, named);
  const upsertions = Array.from({ length: draw(3) }, () => ({
    ...named(),
    iterations: pick(draw, [4_096, 8_192, 16_384, 4_095, 16_385]),
    salt: Uint8Array.of(draw(256)),
    saltedPassword: new Uint8Array(pick(draw, [32, 64, 1, 0])).fill(draw(256)),
  }));
  office.ask("AlterUserScramCredentials", { deletions, upsertions });
}

/** Of few names: many a one is there already. */
function createAcl(office: Office, draw: Draw): void {
  const creations = Array.from({ length: 1 + draw(3) }, () => ({
    resourceType: 2 + draw(2),
    resourceName: pick(draw, ["a", "b", ""]),
    resourcePatternType: 3 + draw(2),
    principal: pick(draw, ["User:u0", "User:u1", "nobody"]),
    host: "*",
    operation: 2 + draw(2),
    permissionType: 2 + draw(2),
  }));
  office.ask("CreateAcls", { creations });
}

function deleteAcls(office: Office, draw: Draw): void {
  if (draw(2) === 0) return;
  const filter = {
    resourceTypeFilter: 2 + draw(2),
    resourceNameFilter: pick(draw, ["a", "b", null]),
    patternTypeFilter: 1 + draw(4),
    principalFilter: pick(draw, ["User:u0", null]),
    hostFilter: null,
    operation: 1,
    permissionType: 1 + draw(3),
  };
  office.ask("DeleteAcls", { filters: [filter] });
}
