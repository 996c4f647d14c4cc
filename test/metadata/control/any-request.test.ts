/**
 * Whatever decodes is answered: any request of any API at any version, mad as it may be, gets a response that its
 * version can carry, and records that replay. Nothing that arrives on the wire may cost a leader its office.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { controllerApis } from "../../../src/metadata/control/apis.ts";
import { ANONYMOUS_CALLER } from "../../../src/metadata/index.ts";
import { versionsOf } from "../../../src/protocol/index.ts";
import { seeded } from "../../../src/std/random.ts";
import { anyValue } from "../../protocol/any-value.ts";
import { TOKEN_KEY } from "../token-key.ts";
import { contextFor, lawfullyReplayed, world } from "../world.ts";

const VIEW = world({
  brokers: "0 1 2f",
  topics: { topic: ["0,1 / 0,1 / 0", "1,0,2 / 1 / 1 ; removing 2"], other: ["2 / 2 / -1"] },
  configs: { "topic:topic": { "cleanup.policy": "compact" }, "broker:": { "num.io.threads": "4" } },
});

const cases = Object.values(controllerApis).flatMap((operation) =>
  versionsOf(operation.api.valid).map((version) => ({
    name: operation.api.name,
    operation,
    version,
  })),
);

test.each(cases)("any $name v$version", ({ operation, version }) => {
  const { api } = operation;
  fc.assert(
    fc.property(anyValue(api.request.fields, version), fc.integer(), (request, seed) => {
      const context = contextFor(VIEW, {
        apiVersion: version,
        random: seeded(seed),
        caller: { ...ANONYMOUS_CALLER, isForwarded: true },
        delegationTokenKey: TOKEN_KEY,
      });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- drawn from the schema of that very API
      const { records, response } = operation.run(VIEW, request as never, context);
      const codec = api.response.at(version);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the operation's own response
      expect(codec.decode(codec.encode(response as never))).toBeDefined();
      if (operation.kind === "read") expect(records).toEqual([]);
      lawfullyReplayed(VIEW, records);
    }),
    { numRuns: 150 },
  );
});
