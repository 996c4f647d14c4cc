/**
 * What the gateway says: a sentence for people, and beside it what it is about for programs that read the log. Every
 * line is one event, and goes to standard error as text or as JSON.
 */

export const LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

export const FORMATS = ["text", "json"] as const;
export type Format = (typeof FORMATS)[number];

/** What happens to a gateway. docs/OPERATING.md says what each means. */
export const EVENTS = [
  "started",
  "stopping",
  "failed",
  "option-unknown",
  "open-to-network",
  "principals-unsaid",
  "edge-away",
  "files-read",
  "files-unreadable",
  "port-opened",
  "port-closed",
  "port-failed",
  "port-elsewhere",
  "connection-opened",
  "connection-closed",
  "connection-refused",
  "link-refused",
  "link-accepted",
  "stood-still",
  "relay-opened",
  "relay-lost",
  "quorum-silent",
] as const;
export type Event = (typeof EVENTS)[number];

export interface About {
  /** `info` unless said. */
  readonly level?: Level;
  readonly event?: Event;
  /** The controller that it is about. */
  readonly nodeId?: number;
  /** The client's address and port. */
  readonly peer?: string;
  /** Why a connection was refused, in the word under which that is counted. */
  readonly reason?: string;
}

export type Log = (message: string, about?: About) => void;

export interface LogStyle {
  readonly level: Level;
  readonly format: Format;
}

/** Some of it comes from outside: an edge's answer, a client's bytes. */
const MESSAGE_LENGTH_MAX = 2_000;

/** Writes what is at least as grave as the style's level, a line each. `clusterId` goes into lines of JSON. */
export function logTo(
  write: (line: string) => void,
  { level: least, format, clusterId }: LogStyle & { readonly clusterId?: string },
  now: () => Date = () => new Date(),
): Log {
  const leastRank = LEVELS.indexOf(least);
  return (message, { level = "info", event, nodeId, peer, reason } = {}) => {
    if (LEVELS.indexOf(level) < leastRank) return;
    const time = now().toISOString();
    const short = message.slice(0, MESSAGE_LENGTH_MAX);
    if (format === "text") {
      write(`${time} ${level.toUpperCase().padEnd(5)} ${onOneLine(short)}\n`);
      return;
    }
    // What is undefined is left out.
    const ids = { cluster_id: clusterId, node_id: nodeId, peer, reason };
    write(`${JSON.stringify({ time, level, event, ...ids, message: short })}\n`);
  };
}

/** The sentences alone, without what is for debugging: for whoever has a log of its own. */
export const sentencesTo =
  (say: (sentence: string) => void): Log =>
  (message, { level } = {}) => {
    if (level !== "debug") say(message);
  };

/** Nobody's bytes begin a line of their own, or move a terminal's cursor. */
const onOneLine = (text: string): string =>
  text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);

/** What an error says. An `AggregateError` of several addresses has no message of its own. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== "") return error.message;
  return "code" in error ? String(error.code) : error.name;
}
