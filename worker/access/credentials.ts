/**
 * The token that a request brings: as Bearer (RFC 6750), or as Basic (RFC 7617) with the token for a password, which is
 * what curl, Prometheus and Terraform can send. It is looked for nowhere else: an address ends up in logs.
 */
import { TOKEN_CHARACTERS_MAX } from "../../src/access/index.ts";
import { Problem } from "../http/errors.ts";

/** A token as Basic has it, in base64 behind a name. */
const CREDENTIALS_CHARACTERS_MAX = 2 * TOKEN_CHARACTERS_MAX;

/** A `Problem` when there is none, or it is not where it should be. Nothing of what came is repeated. */
export function tokenIn(headers: Headers): string {
  const credentials = headers.get("Authorization");
  if (credentials === null)
    throw unauthenticated("no token came: send Authorization: Bearer <token>");
  if (credentials.length > CREDENTIALS_CHARACTERS_MAX)
    throw unauthenticated("what came as Authorization is longer than any token");
  const [, scheme = "", value = ""] = /^([A-Za-z]+) +(\S+)$/.exec(credentials) ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
      return value;
    case "basic":
      return passwordIn(value);
    default:
      throw unauthenticated("Authorization is Bearer <token>, or Basic with the token as password");
  }
}

export const unauthenticated = (message: string): Problem =>
  new Problem("UNAUTHENTICATED", message);

function passwordIn(value: string): string {
  const [, password] = /^[^:]*:(.*)$/s.exec(decoded(value)) ?? [];
  if (password === undefined)
    throw unauthenticated("what came as Basic is not base64 of <id>:<token>");
  return password;
}

function decoded(value: string): string {
  try {
    return atob(value);
  } catch {
    return "";
  }
}
