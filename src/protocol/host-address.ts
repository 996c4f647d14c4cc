/**
 * The address of a client as an Envelope carries it (KIP-590): the four bytes of IPv4 or the sixteen of IPv6. As text
 * it is what Java's `getHostAddress` prints, because ACLs name hosts in that form and are compared with it as text:
 * IPv6 in eight groups with no zeros left out, and an IPv4 address that came mapped into IPv6 (RFC 4291, 2.5.5.2) as
 * IPv4.
 */
import { DecodeError } from "./bytes/errors.ts";

/** Any other number of bytes is a `DecodeError`, to be answered with INVALID_REQUEST. */
export function decodeHostAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) throw new DecodeError(`an address of ${bytes.length} bytes`, 0);
  if (isMapped(bytes)) return bytes.subarray(12).join(".");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: 8 }, (_, at) => view.getUint16(2 * at).toString(16)).join(":");
}

const isMapped = (bytes: Uint8Array): boolean =>
  bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
