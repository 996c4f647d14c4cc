/**
 * The principal that a gateway names: the client's, as its certificate says. Nobody else is believed, and a gateway
 * that names nobody speaks for somebody who has not said who he is.
 */
import type { Claims } from "../../src/access/index.ts";
import { Problem } from "../http/errors.ts";

export const PRINCIPAL_HEADER = "Kedge-Principal";

/** The UTF-8 bytes of a name, percent-encoded at three letters each. */
const NAME_BYTES_MAX = 1_024;
const ENCODED_MAX = 3 * NAME_BYTES_MAX;

const ANONYMOUS_NAME = "ANONYMOUS";

/** The name of a principal of type `User`; null where the token's own counts. */
export function namedPrincipal({ role }: Claims, headers: Headers): string | null {
  const named = headers.get(PRINCIPAL_HEADER);
  if (role !== "gateway") {
    if (named === null) return null;
    throw new Problem("FORBIDDEN", `only a token of role "gateway" may name a principal`);
  }
  if (named === null) return ANONYMOUS_NAME;
  // As `encodeURIComponent` writes it: two such headers, joined by a comma, name nobody.
  const [, encoded] = /^User:([\w.~!*'()%-]+)$/.exec(named) ?? [];
  const name = encoded === undefined || encoded.length > ENCODED_MAX ? null : decoded(encoded);
  if (name === null || new TextEncoder().encode(name).length > NAME_BYTES_MAX) {
    throw new Problem(
      "INVALID_REQUEST",
      `${PRINCIPAL_HEADER}: must be User:<name>, percent-encoded, of at most ${NAME_BYTES_MAX} bytes`,
    );
  }
  return name;
}

function decoded(encoded: string): string | null {
  try {
    const name = decodeURIComponent(encoded);
    return name === "" ? null : name;
  } catch {
    return null;
  }
}
