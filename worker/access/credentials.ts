/**
 * The token that a request brings: as Bearer (RFC 6750), or as Basic (RFC 7617) with the token for a password, which is
 * what curl, Prometheus and Terraform can send; of a WebSocket also as a subprotocol. It is looked for nowhere else: an address ends up in logs.
 */
import { TOKEN_CHARACTERS_MAX } from "../../src/access/index.ts";
import { offeredProtocols, wantsSocket } from "../http/socket-request.ts";

/** A token as Basic has it, in base64 behind a name. */
const CREDENTIALS_CHARACTERS_MAX = 2 * TOKEN_CHARACTERS_MAX;

/** Why a request brings no token. */
export type CredentialFault = "none" | "too-long" | "other-scheme" | "not-basic";

/** What stands where a token should be, or what is wrong with the place. */
export function tokenIn(headers: Headers): string | { readonly fault: CredentialFault } {
  const credentials = headers.get("Authorization");
  if (credentials === null) return tokenOfSocket(headers) ?? { fault: "none" };
  if (credentials.length > CREDENTIALS_CHARACTERS_MAX) return { fault: "too-long" };
  const [, scheme = "", value = ""] = /^([A-Za-z]+) +(\S+)$/.exec(credentials) ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
      return value;
    case "basic":
      return passwordIn(value) ?? { fault: "not-basic" };
    default:
      return { fault: "other-scheme" };
  }
}

const BEARER_SUBPROTOCOL = "kedge.bearer.";

/** A browser's WebSocket sends no headers of one's own: there the token is one of the subprotocols that it offers. */
function tokenOfSocket(headers: Headers): string | undefined {
  const { length } = headers.get("Sec-WebSocket-Protocol") ?? "";
  if (!wantsSocket(headers) || length > CREDENTIALS_CHARACTERS_MAX) return undefined;
  return offeredProtocols(headers)
    .find((each) => each.startsWith(BEARER_SUBPROTOCOL))
    ?.slice(BEARER_SUBPROTOCOL.length);
}

/** The name before the colon is for those who must give one; it says nothing. */
const passwordIn = (value: string): string | undefined => /^[^:]*:(.*)$/s.exec(decoded(value))?.[1];

function decoded(value: string): string {
  try {
    return atob(value);
  } catch {
    return "";
  }
}
