/** Where ports are opened as controllers come and go. */
import { expect, test } from "vitest";
import { PortsFrom, remarkOn } from "../../gateway/places.ts";

/** The ports of these, by node id and own port, in the order in which they come. */
const portsOf = (places: PortsFrom, ...each: readonly (readonly [number, number])[]): number[] =>
  each.map(([nodeId, port]) => places.of({ nodeId, port }).port);

test("a controller has its own port where that is a place, and keeps it over a restart", () => {
  const before = new PortsFrom({ host: "::1", port: 9093 });
  expect(portsOf(before, [3000, 9093], [3001, 9094], [3002, 9095])).toEqual([9093, 9094, 9095]);
  before.leave(3001);
  expect(portsOf(before, [3003, 9096])).toEqual([9096]);
  const after = new PortsFrom({ host: "::1", port: 9093 });
  expect(portsOf(after, [3000, 9093], [3002, 9095], [3003, 9096])).toEqual([9093, 9095, 9096]);
});

test("others have the first that is free, and keep it while they are there", () => {
  const places = new PortsFrom({ host: "::1", port: 9093 });
  const far = [
    [3000, 443],
    [3001, 444],
    [3002, 445],
  ] as const;
  expect(portsOf(places, ...far)).toEqual([9093, 9094, 9095]);
  places.leave(3001);
  expect(portsOf(places, ...far.toSpliced(1, 1))).toEqual([9093, 9095]);
  expect(portsOf(places, [3003, 446], [3004, 447])).toEqual([9094, 9096]);
});

test("two with one port of their own do not share it", () => {
  const places = new PortsFrom({ host: "::1", port: 9093 });
  expect(portsOf(places, [3000, 9093], [3001, 9093], [3002, 9193])).toEqual([9093, 9094, 9095]);
});

test("port 0 stands for any", () => {
  const places = new PortsFrom({ host: "::1", port: 0 });
  expect(portsOf(places, [3000, 9093], [3001, 9094])).toEqual([0, 0]);
});

test("a place that brokers are not told of is remarked upon", () => {
  const told = { nodeId: 3000, port: 9093 };
  expect(remarkOn({ host: "::1", port: 9094 }, told)).toContain("controller 3000 on port 9093");
  expect(remarkOn({ host: "::1", port: 9093 }, told)).toBeNull();
});
