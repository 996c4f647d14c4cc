/**
 * Who uses the page: a token, kept for this tab alone, and what it says of itself. Where the browser denies storage the
 * token lives as long as the page does. What a token says is only believed by the deployment; here it decides which
 * buttons are worth showing.
 */
import type { Role } from "../client/tokens.ts";

export interface Session {
  /** Null where nobody is asked who they are. */
  readonly token: string | null;
  readonly role: Role;
  /** `*` for all. */
  readonly cluster: string;
  /** Ms since 1970 by the deployment's clock; null for never. */
  readonly expiresMs: number | null;
}

/** Of a runtime that asks nobody. */
export const UNLOCKED: Session = { token: null, role: "admin", cluster: "*", expiresMs: null };

const KEY = "kedge.token";
const ROLES: readonly Role[] = ["viewer", "editor", "operator", "admin"];

/** Null for what is no token; whether it holds, only the deployment can say. */
export function sessionOf(token: string): Session | null {
  const [prefix, , claims = ""] = token.split(".");
  if (prefix !== "kedge" || token.split(".").length !== 4) return null;
  try {
    const text = atob(claims.replaceAll("-", "+").replaceAll("_", "/"));
    const said: Readonly<Record<string, unknown>> = JSON.parse(text);
    const { role, cluster, exp } = said;
    return {
      token,
      role: ROLES.find((each) => each === role) ?? "viewer",
      cluster: typeof cluster === "string" ? cluster : "*",
      expiresMs: typeof exp === "number" ? 1000 * exp : null,
    };
  } catch {
    return { token, role: "viewer", cluster: "*", expiresMs: null };
  }
}

/** Whether the session's role is one of those from `least` up. */
export const may = (session: Session, least: Role): boolean =>
  ROLES.indexOf(session.role) >= ROLES.indexOf(least);

export function keptToken(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** False where the browser denies it. */
export function keepToken(token: string): boolean {
  try {
    sessionStorage.setItem(KEY, token);
    return true;
  } catch {
    return false;
  }
}

export function forgetToken(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
}
