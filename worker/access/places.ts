/**
 * How many requests of one token may be under way in an isolate: a wait costs little, but whoever waits a thousand
 * times would take the places of all the others.
 */
import type { Claims, Role } from "../../src/access/index.ts";
import { Problem } from "../http/errors.ts";
import { holding } from "../holding.ts";

/**
 * A gateway brings a parked Fetch and a heartbeat of every broker behind it, and a broker's token those of its ids; all
 * others are people, and what they have built.
 */
const PLACES: Readonly<Record<Role, number>> = {
  admin: 100,
  operator: 100,
  editor: 100,
  viewer: 100,
  metrics: 20,
  broker: 200,
  gateway: 5_000,
};

/** By the token's id; one that has nothing under way is not in it. */
const taken = new Map<string, number>();

/** Runs `work` in one of the token's places, until the client of `signal` is gone; or throws a `Problem`. */
export async function inPlace(
  { id, role }: Pick<Claims, "id" | "role">,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  const before = taken.get(id) ?? 0;
  if (before >= PLACES[role]) {
    throw new Problem(
      "TOO_MANY_REQUESTS",
      `${before} requests of this token are under way here, and a token of role "${role}" may have no more; come back when one of them has ended`,
    );
  }
  taken.set(id, before + 1);
  await holding(signal, work, () => {
    const left = (taken.get(id) ?? 1) - 1;
    if (left === 0) taken.delete(id);
    else taken.set(id, left);
  });
}
