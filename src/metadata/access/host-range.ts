/**
 * Hosts of access control entries that are ranges of addresses, `10.0.0.0/8` or `2001:db8::/32` (KIP-1276, CIDR), read
 * as Kafka's `CidrUtils` reads them with Apache Commons Net.
 */
import { ipAddress, type IpAddress } from "./ip-address.ts";

/** What is wrong with a range, in the words of Kafka's library; null where nothing is. */
export function hostRangeFault(text: string): string | null {
  const range = rangeOf(text);
  return typeof range === "string" ? range : null;
}

/** Whether a client's address is in a range; never where the range is none. */
export function isInHostRange(host: string, text: string): boolean {
  const range = rangeOf(text);
  if (typeof range === "string") return false;
  const address = ipAddress(withoutZone(host));
  if (address === null || address.bits !== range.bits) return false;
  // As in Kafka, the address of no host is in no range of IPv4.
  if (address.bits === 32 && address.value === 0n) return false;
  const others = BigInt(range.bits - range.prefix);
  return address.value >> others === range.value >> others;
}

/** Java names the interface of an address that is of one link alone; a range is of all of them. */
const withoutZone = (host: string): string => host.split("%", 1)[0] ?? "";

interface HostRange extends IpAddress {
  /** How many of the first bits count. */
  readonly prefix: number;
}

const unparsed = (text: string, why = ""): string => `Could not parse [${text}]${why}`;

const beyond = (value: number, max: number): string => `Value [${value}] not in range [0,${max}]`;

/** The range, or what is wrong with its text. */
function rangeOf(text: string): HostRange | string {
  return text.includes(":") ? ipv6Range(text) : ipv4Range(text);
}

function ipv4Range(text: string): HostRange | string {
  if (!/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/.test(text)) return unparsed(text);
  const [host = "", digits] = text.split("/");
  const prefix = Number(digits);
  const large = host.split(".").find((byte) => Number(byte) > 255);
  if (large !== undefined) return beyond(Number(large), 255);
  const address = ipAddress(host);
  return prefix > 32 || address === null ? beyond(prefix, 32) : { ...address, prefix };
}

function ipv6Range(text: string): HostRange | string {
  const slash = text.indexOf("/");
  const [host, digits] = [text.slice(0, slash), text.slice(slash + 1)];
  const prefix = Number(digits);
  if (!/^[+-]?\d+$/.test(digits) || prefix !== (prefix | 0)) {
    return unparsed(text, " - invalid prefix length");
  }
  if (prefix < 0 || prefix > 128) {
    return unparsed(text, " - prefix length must be between 0 and 128");
  }
  const address = ipAddress(host.replace(/^\[(.*)\]$/, "$1"));
  if (address?.bits !== 128) return unparsed(host);
  // Java reads an address of IPv4 that is mapped into IPv6 as one of IPv4.
  if (address.value >> 32n === 0xffffn) return unparsed(host, " - not an IPv6 address");
  return { ...address, prefix };
}
