/**
 * Addresses as quotas name them: four numbers with dots, or IPv6 (RFC 4291, 2.2), as every Java reads them too. Kafka
 * also asks for the address of a name; a rule that waits for a name server is none.
 */

export const isIpAddress = (text: string): boolean => isIpv4(text) || isIpv6(text);

const isIpv4 = (text: string): boolean =>
  /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) && text.split(".").every((part) => Number(part) < 256);

const GROUPS = 8;

function isIpv6(text: string): boolean {
  // Longer ones have a zone, which is of one host alone.
  if (text.length > 45) return false;
  const [before = "", after, ...others] = text.split("::");
  // Four numbers with dots are the end of an address, or nothing of it.
  if (others.length > 0 || (after !== undefined && before.includes("."))) return false;
  if (after === undefined) return groupsIn(before) === GROUPS;
  const count = (before === "" ? 0 : groupsIn(before)) + (after === "" ? 0 : groupsIn(after));
  // Two colons are one group of zeros at least; NaN is less than nothing.
  return count < GROUPS;
}

/** How many groups of 16 bits a text says; NaN where it says something else. */
function groupsIn(text: string): number {
  const parts = text.split(":");
  const last = parts.at(-1) ?? "";
  const asIpv4 = isIpv4(last);
  const groups = asIpv4 ? parts.slice(0, -1) : parts;
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return Number.NaN;
  return groups.length + (asIpv4 ? 2 : 0);
}
