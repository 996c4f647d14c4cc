/**
 * Whatever decodes is judged: any request of any API at any version. Who may nothing changes nothing, who may
 * everything is answered as if he had not been asked, and who may a part gets as many answers, each of which can be
 * said.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { controllerApis, DEMANDS, runAuthorized } from "../../../src/metadata/index.ts";
import { apis, isApiName, versionsOf, type ApiName } from "../../../src/protocol/index.ts";
import { seeded } from "../../../src/std/random.ts";
import { anyValue } from "../../protocol/any-value.ts";
import { contextFor, lawfullyReplayed } from "../world.ts";
import { operationOf, SETTINGS, withAcls } from "./asking.ts";

const VIEW = withAcls([
  "ALLOW User:part ALL TOPIC =orders",
  "DENY User:part DESCRIBE_CONFIGS TOPIC =orders",
  "ALLOW User:part ALTER_CONFIGS CLUSTER =kafka-cluster",
]);

const cases = Object.keys(controllerApis)
  .filter(isApiName)
  .flatMap((name) => versionsOf(apis[name].valid).map((version) => ({ name, version })));

/** How many entries the lists at the top of a response have. */
const countsIn = (response: object): readonly number[] =>
  Object.values(response).flatMap((value: unknown) => (Array.isArray(value) ? [value.length] : []));

test.each(cases)("any $name v$version", ({ name, version }) => {
  const api = apis[name];
  const isParted = DEMANDS[name]?.on.startsWith("each-") ?? false;
  const run = <Name extends ApiName>(asked: Name, who: string, request: never, seed: number) => {
    const caller = {
      principal: { type: "User", name: who, tokenAuthenticated: false },
      isForwarded: true,
      clientAddress: null,
    };
    const context = contextFor(VIEW, { apiVersion: version, random: seeded(seed), caller });
    const call = { operation: operationOf(asked), view: VIEW, request, context };
    return {
      judged: runAuthorized(asked, call, SETTINGS),
      plain: runAuthorized(asked, call, null),
    };
  };
  fc.assert(
    fc.property(anyValue(api.request.fields, version), fc.integer(), (drawn, seed) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- drawn from the schema of that very API
      const request = drawn as never;
      const nobody = run(name, "nobody", request, seed).judged;
      expect([nobody.records, nobody.liveness]).toEqual([[], undefined]);
      const root = run(name, "root", request, seed);
      expect(root.judged).toEqual(root.plain);
      const part = run(name, "part", request, seed);
      if (isParted) expect(countsIn(part.judged.response)).toEqual(countsIn(part.plain.response));
      lawfullyReplayed(VIEW, part.judged.records);
      for (const { response } of [nobody, part.judged]) {
        const codec = api.response.at(version);
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the operation's own response
        expect(codec.decode(codec.encode(response as never))).toBeDefined();
      }
    }),
    { numRuns: 60 },
  );
});
