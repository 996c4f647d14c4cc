/**
 * Addresses as quotas and access control entries name them: four numbers with dots, or IPv6 (RFC 4291, 2.2), as every
 * Java reads them too. Where Kafka asks a name server, nothing here does: a rule that waits for one is none.
 */

/** An address as a number of 32 or 128 bits. */
export interface IpAddress {
  readonly bits: number;
  readonly value: bigint;
}

const BITS_OF_DIGIT = 4;
const GROUP_DIGITS = 4;
const IPV6_DIGITS = 32;
/** Longer ones have a zone, which is of one host alone. */
const IPV6_LENGTH_MAX = 45;

export const isIpAddress = (text: string): boolean => digitsOf(text) !== null;

/** Null where a text is no address. */
export function ipAddress(text: string): IpAddress | null {
  const digits = digitsOf(text);
  if (digits === null) return null;
  return { bits: BITS_OF_DIGIT * digits.length, value: BigInt(`0x${digits}`) };
}

/** All digits of an address, in hexadecimal. */
const digitsOf = (text: string): string | null => (text.includes(":") ? ipv6(text) : ipv4(text));

function ipv4(text: string): string | null {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return null;
  const bytes = text.split(".").map(Number);
  if (bytes.some((byte) => byte > 255)) return null;
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function ipv6(text: string): string | null {
  if (text.length > IPV6_LENGTH_MAX) return null;
  const [before = "", after, ...others] = text.split("::");
  // Four numbers with dots are the end of an address, or nothing of it.
  if (others.length > 0 || (after !== undefined && before.includes("."))) return null;
  const head = groupsIn(before);
  const tail = groupsIn(after ?? "");
  if (head === null || tail === null) return null;
  if (after === undefined) return head.length === IPV6_DIGITS ? head : null;
  // Two colons are one group of zeros at least.
  const most = IPV6_DIGITS - GROUP_DIGITS;
  if (head.length + tail.length > most) return null;
  return head.padEnd(IPV6_DIGITS - tail.length, "0") + tail;
}

/** The digits of the groups that a text says; null where it says something else. */
function groupsIn(text: string): string | null {
  if (text === "") return "";
  const parts = text.split(":");
  const end = ipv4(parts.at(-1) ?? "");
  const groups = end === null ? parts : parts.slice(0, -1);
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return null;
  return groups.map((group) => group.padStart(GROUP_DIGITS, "0")).join("") + (end ?? "");
}
