/** Requests as they come to the Worker of these tests: each brings a token that its secret has signed. */
import {
  ANY_CLUSTER,
  claimsFor,
  signingKey,
  signToken,
  type Role,
} from "../../src/access/index.ts";
import { randomUuid } from "../../durable-objects/random-uuid.ts";
import { SECRET } from "./secret.ts";

/** `init` with a token for every cluster: an admin's, or, for what brokers say, a gateway's. */
export async function bringing(
  role: Extract<Role, "admin" | "gateway">,
  init: RequestInit = {},
): Promise<RequestInit> {
  const open = { cluster: ANY_CLUSTER, brokerIds: [], principal: null, lifetimeS: null };
  const claims = claimsFor({ role, ...open }, { nowMs: Date.now(), id: randomUuid() });
  if (typeof claims === "string") throw new Error(claims);
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${await signToken(await signingKey(SECRET), claims)}`);
  if (init.body !== undefined && init.body !== null && !headers.has("Content-Type"))
    headers.set("Content-Type", "application/json");
  return { ...init, headers };
}
