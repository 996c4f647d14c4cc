/** A replica of a world with one thing made otherwise. */
import type { Replica } from "./replica.ts";
import type { Stored } from "./stored.ts";

export const withState = (replica: Replica, state: Partial<Replica["state"]>): Replica => ({
  ...replica,
  state: { ...replica.state, ...state },
});

export const withStored = (replica: Replica, stored: Partial<Stored>): Replica => ({
  ...replica,
  stored: { ...replica.stored, ...stored },
});
