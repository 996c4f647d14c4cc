/**
 * What a socket of a link keeps while the object's memory is gone: who asks, and with which token. The platform stores
 * it with the socket, 16 KiB at most, and hands it to the next incarnation.
 */
import { isRevoked, type Revocations } from "../../src/access/index.ts";
import { isBearer, type Bearer } from "../bearer.ts";
import { conforms, type Checks } from "../conforms.ts";
import { isLinkOpening, type LinkOpening } from "../link-opening.ts";

export interface Attachment {
  readonly bearer: Bearer;
  readonly opening: LinkOpening;
}

const ATTACHMENT = { bearer: isBearer, opening: isLinkOpening } satisfies Checks<Attachment>;

const isAttachment = (value: unknown): value is Attachment => conforms(value, ATTACHMENT);

/** Null for a socket that was accepted by another build, in other terms. */
export function attachmentOf(socket: { deserializeAttachment(): unknown }): Attachment | null {
  const value: unknown = socket.deserializeAttachment();
  return isAttachment(value) ? value : null;
}

export const isExpired = ({ opening: { token } }: Attachment, nowMs: number): boolean =>
  token !== null && nowMs >= 1_000 * token.expires_at;

export const isRevokedBy = (
  revocations: Revocations,
  { opening: { token } }: Attachment,
): boolean => token !== null && isRevoked(revocations, { id: token.id, issuedAt: token.issued_at });
