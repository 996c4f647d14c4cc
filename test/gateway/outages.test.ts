/** What is left alone after a failure, and what is not, in a time that the test says. */
import { expect, test } from "vitest";
import { ANYBODY, type Identity } from "../../gateway/edge/identity.ts";
import { Outages, type Failure, type Route, type Scope } from "../../gateway/edge/outages.ts";

const BROKER: Identity = { by: "token", token: "a-brokers-own" };
const OTHER: Identity = { by: "token", token: "another" };
const NAMED: Identity = { by: "gateway", principal: "CN=broker-1" };

const route = (nodeId: number, identity: Identity): Route => ({ nodeId, identity });
const failure = (scope: Scope, askedMs: number | null = null): Failure => ({
  scope,
  status: null,
  sentence: scope,
  askedMs,
});

/** Which of these are held back. */
const heldBack = (outages: Outages, routes: readonly Route[], now: number): boolean[] =>
  routes.map((each) => outages.waiting(each, now) !== null);

test("an edge that is gone holds everybody back", () => {
  const outages = new Outages();
  outages.failed(route(3000, BROKER), failure("edge"), 0);
  expect(heldBack(outages, [route(3001, ANYBODY), route(3000, OTHER)], 49)).toEqual([true, true]);
  expect(outages.isOpen(49)).toBe(false);
  expect(heldBack(outages, [route(3001, ANYBODY)], 50)).toEqual([false]);
});

test("a controller that fails holds back its own frames alone", () => {
  const outages = new Outages();
  outages.failed(route(3000, BROKER), failure("controller"), 0);
  expect(heldBack(outages, [route(3000, OTHER), route(3001, BROKER)], 10)).toEqual([true, false]);
  expect(outages.isOpen(10)).toBe(true);
});

test("a token that is refused holds back who shows it, at every controller, and nobody else", () => {
  const outages = new Outages();
  outages.failed(route(3000, BROKER), failure("credential"), 0);
  const routes = [route(3001, BROKER), route(3000, OTHER), route(3000, ANYBODY)];
  expect(heldBack(outages, routes, 900)).toEqual([true, false, false]);
});

test("a certificate's principal that may not come in holds back its own frames alone", () => {
  const outages = new Outages();
  outages.failed(route(3000, NAMED), failure("principal"), 0);
  const routes = [
    route(3001, NAMED),
    route(3000, { by: "gateway", principal: "CN=broker-2" }),
    route(3000, ANYBODY),
    route(3000, BROKER),
  ];
  expect(heldBack(outages, routes, 900)).toEqual([true, false, false, false]);
  outages.served(route(3000, NAMED));
  expect(heldBack(outages, [route(3001, NAMED)], 1)).toEqual([false]);
});

test("the gateway's own token is one, whoever is named beside it", () => {
  const outages = new Outages();
  outages.failed(route(3000, NAMED), failure("credential"), 0);
  expect(heldBack(outages, [route(3001, ANYBODY), route(3001, BROKER)], 900)).toEqual([
    true,
    false,
  ]);
});

test("what the edge asks for is granted, and a frame that is served ends the pause", () => {
  const outages = new Outages();
  outages.failed(route(3000, BROKER), failure("controller", 20_000), 0);
  expect(heldBack(outages, [route(3000, OTHER)], 19_999)).toEqual([true]);
  outages.served(route(3000, OTHER));
  expect(heldBack(outages, [route(3000, BROKER)], 1)).toEqual([false]);
});

const wrong = (at: number): Route => route(3000, { by: "token", token: `wrong-${at}` });

test.each(["credential", "principal"] as const)(
  "ten thousand wrong tokens are not all remembered, and the newest is (%s)",
  (scope) => {
    const outages = new Outages();
    for (let at = 0; at < 10_000; at += 1) outages.failed(wrong(at), failure(scope), 0);
    expect(heldBack(outages, [wrong(0), wrong(8_999), wrong(9_000), wrong(9_999)], 1)).toEqual([
      false,
      false,
      true,
      true,
    ]);
  },
);
