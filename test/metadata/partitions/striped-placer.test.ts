import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  placeStriped,
  type Draw,
  type PlaceableBroker,
} from "../../../src/metadata/partitions/striped-placer.ts";
import { nextInt, seeded } from "../../../src/std/random.ts";

/** The generator behind Kafka's published placement vectors: a 64-bit linear congruence, seed 17. */
function kafkaVectorDraws(): Draw {
  const mask = (1n << 64n) - 1n;
  let state = 17n;
  const next31 = (): number => {
    state = (state * 2862933555777941757n + 3037000493n) & mask;
    return Number(BigInt.asIntN(32, state >> 33n));
  };
  return (bound) => {
    if ((bound & (bound - 1)) === 0) return Number((BigInt(bound) * BigInt(next31())) >> 31n);
    for (;;) {
      const bits = next31();
      const value = bits % bound;
      if (bits - value + (bound - 1) < 2 ** 31) return value;
    }
  };
}

function draws(seed: number): Draw {
  let random = seeded(seed);
  return (bound) => {
    const drawn = nextInt(random, bound);
    random = drawn.random;
    return drawn.value;
  };
}

/** "3", "1f" (fenced), "30@3f" (rack 3, fenced), "2s" (in controlled shutdown). */
function brokers(text: string): PlaceableBroker[] {
  return text.split(" ").map((word) => {
    const [, id, rack, state] = /^(\d+)(?:@(\w))?([fs])?$/.exec(word) ?? [];
    return {
      id: Number(id),
      rack: rack ?? null,
      isActive: state === undefined,
      inControlledShutdown: state === "s",
    };
  });
}

describe("Kafka's published vectors", () => {
  test.each([
    ["3 1f 0 4 2", 4, "3402 4023 0234 2340 0432"],
    ["3 1f 2", 3, "321 231 321 231"],
    ["0 1 2 3", 3, "230 301 012 123 102"],
    ["0 1 2", 3, "120"],
  ])("brokers %s with RF %i are placed %s", (spec, replicationFactor, expected) => {
    const wanted = expected.split(" ").map((word) => Array.from(word, Number));
    expect(
      placeStriped(
        { brokers: brokers(spec), partitionCount: wanted.length, replicationFactor },
        kafkaVectorDraws(),
      ),
    ).toEqual({ kind: "placed", partitions: wanted });
  });

  test.each([
    [
      "11@1 10@1 30@3 31@3 21@2 20@2f",
      [
        [11, 21, 31, 10],
        [21, 30, 10, 20],
        [31, 11, 21, 30],
      ],
    ],
    [
      "11@1 10@1 30@3f 31@3f 20@2f 21@2f 41@4 40@4f",
      [
        [41, 11, 21, 30],
        [10, 20, 31, 41],
        [41, 21, 30, 11],
      ],
    ],
  ])("racks %s with RF 4 are placed %j", (spec, partitions) => {
    expect(
      placeStriped(
        { brokers: brokers(spec), partitionCount: 3, replicationFactor: 4 },
        kafkaVectorDraws(),
      ),
    ).toEqual({ kind: "placed", partitions });
  });

  test("200 pairs on four brokers spread as published", () => {
    const placed = placeStriped(
      { brokers: brokers("0 1 2 3"), partitionCount: 200, replicationFactor: 2 },
      kafkaVectorDraws(),
    );
    const counts = new Map<string, number>();
    for (const pair of placed.kind === "placed" ? placed.partitions : []) {
      counts.set(pair.join(""), (counts.get(pair.join("")) ?? 0) + 1);
    }
    expect(Object.fromEntries(counts)).toEqual({
      "01": 14,
      "02": 22,
      "03": 14,
      "10": 17,
      "12": 17,
      "13": 16,
      "20": 13,
      "21": 17,
      "23": 20,
      "30": 20,
      "31": 19,
      "32": 11,
    });
  });
});

describe("a placement is refused", () => {
  test.each([
    ["0", 0, "Invalid replication factor 0: the replication factor must be positive."],
    ["0f 1f", 1, "All brokers are currently fenced."],
    ["0s 1f 2f", 3, "All brokers are currently fenced or in controlled shutdown."],
    [
      "0 1 2",
      4,
      "The target replication factor of 4 cannot be reached because only 3 broker(s) are registered.",
    ],
  ])("on brokers %s with RF %i: %s", (spec, replicationFactor, reason) => {
    expect(
      placeStriped({ brokers: brokers(spec), partitionCount: 1, replicationFactor }, draws(1)),
    ).toEqual({ kind: "refused", reason });
  });

  test("on no broker at all", () => {
    expect(
      placeStriped({ brokers: [], partitionCount: 1, replicationFactor: 1 }, draws(1)),
    ).toEqual({ kind: "refused", reason: "All brokers are currently fenced." });
  });
});

const anyBrokers = fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: 12 }).chain((ids) =>
  fc.tuple(
    ...ids.map((id) =>
      fc.record({
        id: fc.constant(id),
        rack: fc.constantFrom(null, "a", "b", "c"),
        isActive: fc.boolean(),
        inControlledShutdown: fc.boolean(),
      }),
    ),
  ),
);

test("whatever the cluster, replicas are distinct, the first is active, and racks are used up before any is used twice", () => {
  fc.assert(
    fc.property(anyBrokers, fc.integer({ min: 1, max: 6 }), fc.integer(), (cluster, rf, seed) => {
      const placed = placeStriped(
        { brokers: cluster, partitionCount: 25, replicationFactor: rf },
        draws(seed),
      );
      const possible = cluster.some((broker) => broker.isActive) && rf <= cluster.length;
      expect(placed.kind).toBe(possible ? "placed" : "refused");
      const brokerOf = new Map<number, PlaceableBroker>(cluster.map((b) => [b.id, b]));
      const racks = new Set(cluster.map((broker) => broker.rack)).size;
      for (const replicas of placed.kind === "placed" ? placed.partitions : []) {
        expect(replicas).toHaveLength(rf);
        expect(new Set(replicas).size).toBe(rf);
        expect(brokerOf.get(replicas[0] ?? -1)?.isActive).toBe(true);
        const used = new Set(replicas.map((id) => brokerOf.get(id)?.rack));
        expect(used.size).toBe(Math.min(rf, racks));
      }
    }),
  );
});

test("leaderships differ by at most one over every full round of active brokers without racks", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer(), (count, seed) => {
      const cluster = brokers(Array.from({ length: count }, (_, id) => `${id}`).join(" "));
      const placed = placeStriped(
        { brokers: cluster, partitionCount: count * 3, replicationFactor: 1 },
        draws(seed),
      );
      const led = new Map<number, number>();
      for (const [leader = -1] of placed.kind === "placed" ? placed.partitions : []) {
        led.set(leader, (led.get(leader) ?? 0) + 1);
      }
      expect(new Set(led.values())).toEqual(new Set([3]));
    }),
  );
});
