/** Requests as they come to the Worker of these tests: each brings a token that its secret has signed. */
import { ANY_CLUSTER, mint, signingKey, type Role } from "../../src/access/index.ts";
import { randomUuid } from "../../durable-objects/random-uuid.ts";
import { SECRET } from "./secret.ts";

/** `init` with a token for every cluster, unless one is named: an admin's, or, for what brokers say, a gateway's. */
export async function bringing(
  role: Extract<Role, "admin" | "gateway">,
  init: RequestInit = {},
  cluster: string = ANY_CLUSTER,
): Promise<RequestInit> {
  const drawn = { nowMs: Date.now(), id: randomUuid() };
  const minted = await mint(await signingKey(SECRET), { role, cluster }, drawn);
  if (typeof minted === "string") throw new Error(minted);
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${minted.token}`);
  if (init.body !== undefined && init.body !== null && !headers.has("Content-Type"))
    headers.set("Content-Type", "application/json");
  return { ...init, headers };
}
