/**
 * Where the voters of a cluster are placed that asks for no places: each in a region of its own, so that none of them
 * shares a fate with another, and the first ones on the continent of whoever creates it. A commit waits for the nearer
 * half of the voters, so it stays on that continent while its regions are well; the loss of any one region stops
 * nothing.
 */
import { JURISDICTIONS, type Jurisdiction } from "../../durable-objects/jurisdictions.ts";
import type { LocationHint } from "../../durable-objects/location-hints.ts";

/**
 * By the platform's name of a continent, nearest first; five, since a cluster has five voters at most. Hints that the
 * platform maps to a neighbour (`sam`, `afr`, `me`) stand as far from that neighbour as they can.
 */
const BY_CONTINENT: Readonly<Record<string, readonly LocationHint[]>> = {
  NA: ["enam", "wnam", "weur", "eeur", "apac-ne"],
  EU: ["weur", "eeur", "enam", "wnam", "apac-ne"],
  AS: ["apac-ne", "apac-se", "oc", "wnam", "weur"],
  OC: ["oc", "apac-se", "apac-ne", "wnam", "enam"],
  SA: ["sam", "enam", "wnam", "weur", "eeur"],
  AF: ["weur", "eeur", "me", "enam", "apac-se"],
};

export interface Wishes {
  readonly voters: number;
  readonly jurisdiction: Jurisdiction | undefined;
  /** Of the caller; undefined where the platform does not say, as in local runs. */
  readonly continent: string | undefined;
}

/**
 * A hint for each voter, in the order of their ids. None for a single one, which is best placed beside its creator, and
 * none where nobody knows where that is: the platform chooses. Within a jurisdiction there are two regions, taken in
 * turn.
 */
export function defaultHints({
  voters,
  jurisdiction,
  continent,
}: Wishes): readonly (LocationHint | undefined)[] {
  const hints =
    jurisdiction === undefined ? BY_CONTINENT[continent ?? ""] : JURISDICTIONS[jurisdiction];
  return Array.from({ length: voters }, (_, at) =>
    voters === 1 || hints === undefined ? undefined : hints[at % hints.length],
  );
}
