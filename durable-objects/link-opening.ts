/**
 * What the Worker says to a controller of the link that a gateway wants to open, besides who asks: a header on the
 * binding, as `bearer.ts` is one. The token's life ends the link's.
 */
import type { Claims } from "../src/access/index.ts";
import { conforms, isInteger, isText, type Checks } from "./conforms.ts";

export const LINK_HEADER = "Kedge-Link";

export interface LinkToken {
  readonly id: string;
  /** Seconds since the Unix epoch. */
  readonly issued_at: number;
  /** The first second in which it is valid no more. */
  readonly expires_at: number;
}

export interface LinkOpening {
  /** Of one gateway process: a newer link of the same one, with the same token, replaces the older. */
  readonly gateway_id: string;
  /** Null in a run that asks nobody who they are. */
  readonly token: LinkToken | null;
}

/** What a gateway may call itself. */
export const isGatewayId = (text: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(text);

const LINK_TOKEN = {
  id: isText,
  issued_at: isInteger,
  expires_at: isInteger,
} satisfies Checks<LinkToken>;

const LINK_OPENING = {
  gateway_id: (value) => typeof value === "string" && isGatewayId(value),
  token: (value) => value === null || conforms(value, LINK_TOKEN),
} satisfies Checks<LinkOpening>;

export const isLinkOpening = (value: unknown): value is LinkOpening =>
  conforms(value, LINK_OPENING);

export function linkHeader(
  gatewayId: string,
  claims: Claims | null,
): Readonly<Record<string, string>> {
  const token =
    claims === null
      ? null
      : { id: claims.id, issued_at: claims.issuedAt, expires_at: claims.expiresAt };
  const opening: LinkOpening = { gateway_id: gatewayId, token };
  return { [LINK_HEADER]: JSON.stringify(opening) };
}

/** Null when the caller does not say it in the terms of this build. */
export function openingIn(headers: Headers): LinkOpening | null {
  try {
    const value: unknown = JSON.parse(headers.get(LINK_HEADER) ?? "");
    return isLinkOpening(value) ? value : null;
  } catch {
    return null;
  }
}
