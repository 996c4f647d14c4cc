/**
 * The one message of SASL/PLAIN (RFC 4616): who to act as (may be empty), who one is, and the password, each behind a
 * zero byte but the first. The password is a token and says by itself whose it is; the user name is there for people,
 * and proves nothing.
 */
import { isToken } from "../edge/token.ts";

export interface PlainCredentials {
  readonly userName: string;
  readonly token: string;
}

/** Null for what Kafka refuses, and for a password that no token can be. */
export function plainCredentials(message: Uint8Array): PlainCredentials | null {
  const [authorizationId = "", userName = "", token = ""] = new TextDecoder()
    .decode(message)
    .split("\u0000");
  if (userName === "" || !isToken(token)) return null;
  // Kafka: nobody acts as another.
  if (authorizationId !== "" && authorizationId !== userName) return null;
  return { userName, token };
}
