/** Lines of the log: their form, what is too light for them, and how many strangers can write. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { limitedLog } from "../../gateway/limited-log.ts";
import { logTo, sentencesTo, type Level, type Log, type LogStyle } from "../../gateway/log.ts";

const NOW = "2026-05-01T12:00:00.000Z";

function logging(style: Partial<LogStyle> = {}): {
  readonly log: Log;
  readonly written: readonly string[];
} {
  const written: string[] = [];
  const write = (line: string): void => void written.push(line);
  const all = { level: "info", format: "text", clusterId: "a cluster", ...style } as const;
  return { log: logTo(write, all, () => new Date(NOW)), written };
}

const REFUSED = {
  level: "warn",
  event: "connection-refused",
  nodeId: 3000,
  peer: "10.0.0.1:1234",
  reason: "frame",
} as const;

test("for people a line has the time, the level and the sentence", () => {
  const { log, written } = logging();
  log("it listens");
  log("a frame is too long", REFUSED);
  expect(written).toEqual([`${NOW} INFO  it listens\n`, `${NOW} WARN  a frame is too long\n`]);
});

test("for programs it is one object, whose names are those of the edge's log", () => {
  const { log, written } = logging({ format: "json" });
  log("it listens");
  log("a frame is too long", REFUSED);
  expect(written.map((line): unknown => JSON.parse(line))).toEqual([
    { time: NOW, level: "info", cluster_id: "a cluster", message: "it listens" },
    {
      time: NOW,
      level: "warn",
      event: "connection-refused",
      cluster_id: "a cluster",
      node_id: 3000,
      peer: "10.0.0.1:1234",
      reason: "frame",
      message: "a frame is too long",
    },
  ]);
});

test.each([
  ["debug", ["debug", "info", "warn", "error"]],
  ["info", ["info", "warn", "error"]],
  ["warn", ["warn", "error"]],
  ["error", ["error"]],
] as const)("at %s, %j are written", (level, expected) => {
  const { log, written } = logging({ level, format: "json" });
  const levels: readonly Level[] = ["debug", "info", "warn", "error"];
  for (const each of levels) log("a line", { level: each });
  expect(written.map((line) => /"level":"(\w+)"/.exec(line)?.[1])).toEqual(expected);
});

test.each(["text", "json"] as const)(
  "as %s, what others say begins no line and is cut",
  (format) => {
    const { log, written } = logging({ format });
    log(`one\n${NOW} ERROR forged\r\u001b[2J\u0085${"x".repeat(100_000)}`);
    expect(written).toHaveLength(1);
    // eslint-disable-next-line no-control-regex -- they are what it is about
    expect(written[0]?.slice(0, -1)).not.toMatch(/[\u0000-\u001f]/);
    expect(written[0]?.length).toBeLessThan(2_300);
  },
);

test("a program with a log of its own gets the sentences, and none for debugging", () => {
  const said: string[] = [];
  const log = sentencesTo((line) => void said.push(line));
  log("one", { level: "debug" });
  log("two", REFUSED);
  expect(said).toEqual(["two"]);
});

describe("limited", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("an event gets twenty lines a second, then one that counts; another is not hidden by it", () => {
    const { log, written } = logging();
    const limited = limitedLog(log);
    for (let at = 0; at < 1_000; at++) limited(`refused ${at}`, REFUSED);
    limited("it stops", { event: "stopping" });
    expect(written).toHaveLength(21);
    expect(written.at(-1)).toContain("it stops");
    vi.advanceTimersByTime(1_000);
    expect(written).toHaveLength(22);
    expect(written.at(-1)).toBe(`${NOW} WARN  980 more such lines within a second\n`);
    limited("refused again", REFUSED);
    expect(written).toHaveLength(23);
  });
});
