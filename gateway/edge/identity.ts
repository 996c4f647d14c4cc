/**
 * In whose name a frame goes to the edge, and the headers that say so. Nothing else of the gateway names them.
 *
 * A client that brought a token of its own speaks with that alone. All others speak with the gateway's token. A client
 * that showed a certificate is named beside it, which the edge believes from a token of role `gateway` only:
 *
 *     Authorization: Bearer <the gateway's token>
 *     Kedge-Principal: User:CN%3Dbroker-1%2CO%3DExample
 *
 * The name is percent-encoded as `encodeURIComponent` does it: a principal may hold any character and a header may not.
 * Without a token of the gateway nobody is named, since anybody could.
 */

export type Identity =
  | { readonly by: "token"; readonly token: string }
  /** `principal` is the name of a `User`, as in `CN=broker-1`; null for a client that has not said who it is. */
  | { readonly by: "gateway"; readonly principal: string | null };

/** A client that has not said who it is. */
export const ANYBODY: Identity = { by: "gateway", principal: null };

export const PRINCIPAL_HEADER = "kedge-principal";

/** The UTF-8 bytes of a principal's name: a certificate may hold far more than belongs into every request. */
export const PRINCIPAL_BYTES_MAX = 1_024;

/** What says to the edge who asks; `ownToken` is the gateway's, null when it has none. */
export function identityHeaders(
  identity: Identity,
  ownToken: string | null,
): Readonly<Record<string, string>> {
  if (identity.by === "token") return { authorization: `Bearer ${identity.token}` };
  if (ownToken === null) return {};
  return {
    authorization: `Bearer ${ownToken}`,
    ...(identity.principal === null
      ? {}
      : { [PRINCIPAL_HEADER]: `User:${encodeURIComponent(identity.principal)}` }),
  };
}
