/** `ssl.principal.mapping.rules`: every name here is what Kafka 4.3.1's own `SslPrincipalMapper` made of the same. */
import { expect, test } from "vitest";
import { principalName, principalRules } from "../../gateway/tls/principal-rules.ts";

const SUBJECT = "CN=Broker-1,OU=ServiceUsers,O=Unknown,L=Unknown,ST=Unknown,C=DE";

test.each([
  ["DEFAULT", SUBJECT],
  ["RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/", "Broker-1"],
  ["RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L,DEFAULT", "broker-1"],
  [
    "RULE:^CN=(.*?), OU=Nope.*$/$1/L, RULE:^.*[Cc][Nn]=([a-zA-Z0-9.-]*).*$/$1/U , DEFAULT",
    "BROKER-1",
  ],
  ["RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L", "broker-1@serviceusers"],
  ["RULE:^CN=(.*?),.*$/$1@$4/", "Broker-1@$4"],
  ["RULE:^CN=(.*?),.*$/$12/", "Broker-12"],
  ["RULE:^CN=(.*?),.*$/\\$1-$0/", `$1-${SUBJECT}`],
  ["RULE:^CN=((x)|[^,]*),.*$/$1<$2>/", "Broker-1<>"],
  [" RULE:^CN=(.*?),.*$/$1/ ,, DEFAULT ", "Broker-1"],
  // Java replaces what the pattern finds, not what it matched as a whole: here the text, and then nothing once more.
  ["RULE:(.*)/x/", "xx"],
  ["RULE:[A-Z]=.*|.*/n/", "nn"],
  ["RULE:^CN=(.*?),OU=Other.*$/$1/", null],
])("%s", (rules, name) => {
  expect(principalName(principalRules(rules), SUBJECT)).toBe(name);
});

test("a slash is written with a backslash before it", () => {
  const rules = principalRules("RULE:^CN=a\\/b$/slash\\/$0/");
  expect(principalName(rules, "CN=a/b")).toBe("slash/CN=a/b");
});

test.each([
  ["RULE:^(.*)$/$1/X", "RULE:^(.*)$/$1/X"],
  ["nonsense", "nonsense"],
  ["DEFAULT, RULE:^CN=(.*)$", "RULE:^CN=(.*)$"],
  ["DEFAULTS", "DEFAULTS"],
  ["RULE:^CN=(.*$/$1/", "^CN=(.*$"],
  ["", "no principal mapping rule is named"],
])("%s is refused with what is wrong", (rules, shown) => {
  expect(() => principalRules(rules)).toThrow(shown);
});
