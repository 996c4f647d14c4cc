/**
 * The settings that a request chooses for a new cluster. What a cluster of this build cannot go by is refused, not
 * ignored: a setting that was meant to lock something and is not understood leaves it open.
 */
import {
  CLUSTER_SETTINGS,
  NUMBER_SETTINGS,
  SETTING_BOUNDS,
  STANDARD_AUTHORIZER,
  principalsIn,
  type AccessSettings,
  type ClusterSettings,
} from "../../durable-objects/cluster-settings.ts";
import { byText } from "../../src/std/immutable-map.ts";
import {
  booleanAt,
  integerAt,
  invalid,
  objectAt,
  textAt,
  type JsonObject,
} from "../http/fields.ts";

const SUPER_USERS_MAX = 64;
const SUPER_USERS_CHARACTERS_MAX = 4_096;

/** Numbers and truths as such, or as in Kafka's files their texts. */
export function settingsAt(given: unknown): Partial<ClusterSettings> {
  if (given === undefined) return {};
  const fields = objectAt(given, "settings", CLUSTER_SETTINGS);
  const numbers = NUMBER_SETTINGS.filter((name) => fields[name] !== undefined).map((name) => {
    const value = fields[name];
    const isText = typeof value === "string" && /^-?\d{1,16}$/.test(value);
    return [
      name,
      integerAt(isText ? Number(value) : value, pathOf(name), SETTING_BOUNDS[name]),
    ] as const;
  });
  return { ...Object.fromEntries(numbers), ...accessSettingsAt(fields) };
}

const pathOf = (name: string): string => `settings["${name}"]`;

function accessSettingsAt(fields: JsonObject): AccessSettings {
  const chosen = {
    "authorizer.class.name": authorizerAt(fields["authorizer.class.name"]),
    "super.users": superUsersAt(fields["super.users"]),
    "allow.everyone.if.no.acl.found": truthAt(fields, "allow.everyone.if.no.acl.found"),
  };
  const { "super.users": superUsers, "allow.everyone.if.no.acl.found": allowsEveryone } = chosen;
  if (chosen["authorizer.class.name"] !== "") {
    if (superUsers !== "" || allowsEveryone) return chosen;
    throw invalid(
      pathOf("super.users"),
      "given with an authorizer: nobody could give an ACL, ever",
    );
  }
  if (superUsers === "" && !allowsEveryone) return chosen;
  const name = superUsers === "" ? "allow.everyone.if.no.acl.found" : "super.users";
  throw invalid(
    pathOf(name),
    "left out unless authorizer.class.name is given: nothing asks for it",
  );
}

function authorizerAt(value: unknown): AccessSettings["authorizer.class.name"] {
  if (value === undefined || value === "") return "";
  if (value === STANDARD_AUTHORIZER) return STANDARD_AUTHORIZER;
  throw invalid(pathOf("authorizer.class.name"), `${STANDARD_AUTHORIZER}, or empty for none`);
}

/** In the one order, so that two requests which name the same principals agree. */
function superUsersAt(value: unknown): string {
  if (value === undefined) return "";
  const path = pathOf("super.users");
  const text = textAt(value, path);
  if (text.length > SUPER_USERS_CHARACTERS_MAX)
    throw invalid(path, `at most ${SUPER_USERS_CHARACTERS_MAX} characters long`);
  const principals = [...new Set(principalsIn(text))].toSorted(byText);
  if (principals.length > SUPER_USERS_MAX)
    throw invalid(path, `at most ${SUPER_USERS_MAX} principals`);
  if (principals.some((principal) => !/^[^:]+:./s.test(principal)))
    throw invalid(path, 'principals with ";" between them, each as "User:name"');
  return principals.join(";");
}

function truthAt(fields: JsonObject, name: keyof AccessSettings): boolean {
  const value = fields[name];
  if (value === "true" || value === "false") return value === "true";
  return value === undefined ? false : booleanAt(value, pathOf(name));
}
