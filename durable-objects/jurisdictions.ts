/**
 * Where the platform can be bound to keep an object: its jurisdictions. Other than a hint that is a promise, of where
 * the object runs and of where its storage is. An object's jurisdiction belongs to its id: the same name in another
 * jurisdiction, or in none, is another object.
 */
import type { LocationHint } from "./location-hints.ts";

/** Each with the location hints that lie in it. */
export const JURISDICTIONS = {
  eu: ["weur", "eeur"],
  us: ["enam", "wnam"],
  fedramp: ["enam", "wnam"],
  "fedramp-high": ["enam", "wnam"],
} as const satisfies Readonly<Record<string, readonly LocationHint[]>>;

export type Jurisdiction = keyof typeof JURISDICTIONS;

export const isJurisdiction = (name: string): name is Jurisdiction =>
  Object.hasOwn(JURISDICTIONS, name);

/** A namespace of objects, as far as their places go. */
interface Placing<Namespace> {
  jurisdiction(name: Jurisdiction): Namespace;
}

/** The objects among which a cluster's are. Throws where the runtime has no jurisdictions, as a local one. */
export const objectsOf = <Namespace extends Placing<Namespace>>(
  namespace: Namespace,
  { jurisdiction }: { readonly jurisdiction?: Jurisdiction | undefined },
): Namespace => (jurisdiction === undefined ? namespace : namespace.jurisdiction(jurisdiction));
