/** The settings of a new cluster that say whether its ACLs decide, in Kafka's own words. */
import { describe, expect, test } from "vitest";
import {
  authorizerOf,
  settingsOf,
  STANDARD_AUTHORIZER,
} from "../../durable-objects/cluster-settings.ts";
import { agrees, clusterRequestOf } from "../../worker/clusters/cluster-requests.ts";

const AUTHORIZER = { "authorizer.class.name": STANDARD_AUTHORIZER };

const requestOf = (settings: object) => clusterRequestOf({ settings }, 0);
const authorizerFor = (settings: object) => {
  // As the directory stores it.
  const text = JSON.stringify(requestOf(settings).plan);
  const stored: ReturnType<typeof requestOf>["plan"] = JSON.parse(text);
  return authorizerOf(settingsOf(stored));
};

describe("a cluster", () => {
  test("has no authorizer unless it is asked for, also where an earlier build formed it", () => {
    expect(authorizerFor({})).toBeNull();
    expect(authorizerFor({ "authorizer.class.name": "", "super.users": "" })).toBeNull();
    expect(authorizerOf(settingsOf({}))).toBeNull();
  });

  test("has Kafka's, with its super users as Kafka reads them", () => {
    const users = " User:ann ;;User:CN=bob,O=a:b; Group:x;User:ann;";
    expect(authorizerFor({ ...AUTHORIZER, "super.users": users })).toEqual({
      superUsers: new Set(["Group:x", "User:CN=bob,O=a:b", "User:ann"]),
      allowEveryoneIfNoAclFound: false,
    });
  });

  test.each([true, "true"])("opens what no entry is about with %j", (value) => {
    expect(authorizerFor({ ...AUTHORIZER, "allow.everyone.if.no.acl.found": value })).toEqual({
      superUsers: new Set(),
      allowEveryoneIfNoAclFound: true,
    });
  });

  test("that is asked for again is the same if it is asked for in the same sense", () => {
    const { plan } = requestOf({ ...AUTHORIZER, "super.users": "User:b;User:a" });
    expect(agrees(plan, requestOf({ ...AUTHORIZER, "super.users": "User:a; User:b" }))).toBe(true);
    expect(agrees(plan, requestOf({ ...AUTHORIZER, "super.users": "User:a" }))).toBe(false);
    expect(agrees(plan, requestOf({}))).toBe(false);
    const open = { ...AUTHORIZER, "super.users": "User:a;User:b" };
    expect(agrees(plan, requestOf({ ...open, "allow.everyone.if.no.acl.found": "false" }))).toBe(
      true,
    );
    expect(agrees(plan, requestOf({ ...open, "allow.everyone.if.no.acl.found": "true" }))).toBe(
      false,
    );
  });

  test.each<[object, string]>([
    [{ "authorizer.class.name": "kafka.security.authorizer.AclAuthorizer" }, STANDARD_AUTHORIZER],
    [{ "authorizer.class.name": true }, "or empty for none"],
    [AUTHORIZER, 'settings["super.users"]: must be given with an authorizer'],
    [{ "super.users": "User:a" }, 'settings["super.users"]: must be left out unless'],
    [
      { "allow.everyone.if.no.acl.found": true },
      'settings["allow.everyone.if.no.acl.found"]: must be left out unless',
    ],
    [{ ...AUTHORIZER, "super.users": "ann" }, 'each as "User:name"'],
    [{ ...AUTHORIZER, "super.users": "User:" }, 'each as "User:name"'],
    [{ ...AUTHORIZER, "super.users": ":ann" }, 'each as "User:name"'],
    [{ ...AUTHORIZER, "super.users": ["User:ann"] }, "must be a string"],
    [{ ...AUTHORIZER, "super.users": " ; " }, "must be given with an authorizer"],
    [{ ...AUTHORIZER, "super.users": `User:${"a".repeat(4_092)}` }, "at most 4096 characters"],
    [
      {
        ...AUTHORIZER,
        "super.users": Array.from({ length: 65 }, (_, at) => `User:${at}`).join(";"),
      },
      "at most 64 principals",
    ],
    [{ ...AUTHORIZER, "allow.everyone.if.no.acl.found": "yes" }, "must be true or false"],
    [{ ...AUTHORIZER, "allow.everyone.if.no.acl.found": 1 }, "must be true or false"],
  ])("with %j is refused", (settings, message) => {
    expect(() => requestOf(settings)).toThrow(message);
  });
});
