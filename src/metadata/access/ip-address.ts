/**
 * Addresses as quotas and access control entries name them: four numbers with dots, or IPv6 (RFC 4291, 2.2), as every
 * Java reads them too. Where Kafka asks a name server, nothing here does: a rule that waits for one is none.
 */

/** An address as a number of 32 or 128 bits. */
export interface IpAddress {
  readonly bits: number;
  readonly value: bigint;
}

const IPV4_BITS = 32;
const IPV6_BITS = 128;
const GROUP_BITS = 16;
const GROUPS = IPV6_BITS / GROUP_BITS;
/** Longer ones have a zone, which is of one host alone. */
const IPV6_LENGTH_MAX = 45;

export const isIpAddress = (text: string): boolean => ipAddress(text) !== null;

/** Null where a text is no address. */
export function ipAddress(text: string): IpAddress | null {
  const [bits, numbers] = text.includes(":") ? [IPV6_BITS, ipv6(text)] : [IPV4_BITS, ipv4(text)];
  if (numbers === null) return null;
  const width = BigInt(bits / numbers.length);
  return { bits, value: numbers.reduce((value, number) => (value << width) | BigInt(number), 0n) };
}

/** The four bytes. */
function ipv4(text: string): readonly number[] | null {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return null;
  const bytes = text.split(".").map(Number);
  return bytes.every((byte) => byte < 256) ? bytes : null;
}

/** The eight groups of 16 bits. */
function ipv6(text: string): readonly number[] | null {
  if (text.length > IPV6_LENGTH_MAX) return null;
  const [before = "", after, ...others] = text.split("::");
  // Four numbers with dots are the end of an address, or nothing of it.
  if (others.length > 0 || (after !== undefined && before.includes("."))) return null;
  const head = groupsIn(before);
  if (after === undefined) return head?.length === GROUPS ? head : null;
  const tail = groupsIn(after);
  // Two colons are one group of zeros at least.
  if (head === null || tail === null || head.length + tail.length >= GROUPS) return null;
  return [...head, ...Array<number>(GROUPS - head.length - tail.length).fill(0), ...tail];
}

/** The groups of 16 bits that a text says; null where it says something else. */
function groupsIn(text: string): readonly number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const [a, b, c, d] = ipv4(parts.at(-1) ?? "") ?? [];
  const end =
    a === undefined || b === undefined || c === undefined || d === undefined
      ? []
      : [(a << 8) | b, (c << 8) | d];
  const groups = end.length === 0 ? parts : parts.slice(0, -1);
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return null;
  return [...groups.map((group) => Number.parseInt(group, 16)), ...end];
}
