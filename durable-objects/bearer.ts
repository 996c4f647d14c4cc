/**
 * Whom the Worker has let in, as it tells a controller: a header on the binding, which nobody else can reach. What a
 * client sends under that name never gets here, since the Worker makes the headers of its calls itself.
 */
import { isRole, type Role } from "../src/access/index.ts";
import { conforms, isInteger, isText, type Checks } from "./conforms.ts";

export const BEARER_HEADER = "Kedge-Bearer";

export interface Bearer {
  /** `unlocked`: a run that asks nobody who they are, where everybody may everything. No token has it. */
  readonly role: Role | "unlocked";
  /** Of a broker's token: whom it may speak for. */
  readonly broker_ids: readonly number[];
  /** The name of a principal of type `User`. */
  readonly principal: string;
  /** Where it came from, as ACLs write a host; null where that is not known. */
  readonly client_address: string | null;
  /** The token's, for the log; null without one. */
  readonly token_id: string | null;
}

/** Another controller, and whoever comes where nobody is asked. */
export const UNLOCKED: Bearer = {
  role: "unlocked",
  broker_ids: [],
  principal: "ANONYMOUS",
  client_address: null,
  token_id: null,
};

const BEARER = {
  role: (value) => typeof value === "string" && (value === "unlocked" || isRole(value)),
  broker_ids: (value) => Array.isArray(value) && value.every(isInteger),
  principal: isText,
  client_address: (value) => value === null || isText(value),
  token_id: (value) => value === null || isText(value),
} satisfies Checks<Bearer>;

export const isBearer = (value: unknown): value is Bearer => conforms(value, BEARER);

/** A header holds no letter beyond Latin-1, and a principal may. */
export const bearerHeader = (bearer: Bearer): Readonly<Record<string, string>> => ({
  [BEARER_HEADER]: encodeURIComponent(JSON.stringify(bearer)),
});

/** Who asks; null when the caller does not say so in the terms of this build. */
export function bearerIn(headers: Headers): Bearer | null {
  const text = headers.get(BEARER_HEADER);
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(decodeURIComponent(text));
    return isBearer(value) ? value : null;
  } catch {
    return null;
  }
}
