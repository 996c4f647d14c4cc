/**
 * The settings that a request chooses for a new cluster, or changes of one that is there. What a cluster of this build
 * cannot go by is refused, not ignored: a setting that was meant to lock something and is not understood leaves it
 * open.
 */
import {
  CHANGEABLE_SETTINGS,
  CLUSTER_SETTINGS,
  CONTROLLER_SWITCHES,
  MIN_ISR_BOUNDS,
  NUMBER_SETTINGS,
  POLICY_LISTS,
  SETTING_BOUNDS,
  STANDARD_AUTHORIZER,
  TOPIC_DEFAULTS,
  elementsOf,
  principalsIn,
  type AccessSettings,
  type ClusterSettings,
  type NumberSetting,
  type SettingBounds,
  type SettingWish,
  type TopicDefaults,
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

const LIST_ELEMENTS_MAX = 64;
const LIST_CHARACTERS_MAX = 4_096;
const SUPER_USERS_MAX = 64;
const SUPER_USERS_CHARACTERS_MAX = 4_096;

/** What a request says under `settings`. */
export interface ChosenSettings<Settings> {
  readonly settings: Settings;
  /** They are configs in the log, and no settings of a controller's. */
  readonly topicDefaults: TopicDefaults;
}

/** Numbers and truths as such, or as in Kafka's files their texts. */
export function settingsAt(given: unknown): ChosenSettings<Partial<ClusterSettings>> {
  const fields = objectAt(given ?? {}, "settings", [...CLUSTER_SETTINGS, ...TOPIC_DEFAULTS]);
  const numbers = NUMBER_SETTINGS.filter((name) => fields[name] !== undefined).map(
    (name) => [name, numberAt(fields, name)] as const,
  );
  const switches = CONTROLLER_SWITCHES.filter((name) => fields[name] !== undefined).map(
    (name) => [name, truthAt(fields, name)] as const,
  );
  const lists = POLICY_LISTS.filter((name) => fields[name] !== undefined).map(
    (name) => [name, listAt(fields, name)] as const,
  );
  const settings = {
    ...Object.fromEntries([...numbers, ...switches, ...lists]),
    ...accessSettingsAt(fields),
  };
  return { settings, topicDefaults: topicDefaultsAt(fields) };
}

/** What is to be changed; null takes a change back. */
export interface ChangedSettings {
  readonly settings: SettingWish;
  readonly topicDefaults: { readonly [Name in keyof TopicDefaults]: TopicDefaults[Name] | null };
}

/** What a request changes: what is not named stays as it is. */
export function settingChangesAt(given: unknown): ChangedSettings {
  const fields = objectAt(given, "settings", [...CLUSTER_SETTINGS, ...TOPIC_DEFAULTS]);
  const names = Object.keys(fields);
  const fixed = names.find((name) => !CHANGEABLE.includes(name));
  if (fixed !== undefined) {
    const others = CHANGEABLE.join(", ");
    throw invalid(
      pathOf(fixed),
      `left out: it is chosen when a cluster is created, and stays; what can be changed is ${others}`,
    );
  }
  if (names.length === 0) throw invalid("settings", "an object that names a setting");
  const [taken, chosen] = partedAt(fields);
  const { settings, topicDefaults } = settingsAt(chosen);
  const named = CHANGEABLE_SETTINGS.filter((name) => chosen[name] !== undefined);
  return {
    settings: {
      ...Object.fromEntries(named.map((name) => [name, settings[name]])),
      ...nullsOf(CHANGEABLE_SETTINGS, taken),
    },
    topicDefaults: { ...topicDefaults, ...nullsOf(TOPIC_DEFAULTS, taken) },
  };
}

const CHANGEABLE: readonly string[] = [...CHANGEABLE_SETTINGS, ...TOPIC_DEFAULTS];

/** The names whose changes are taken back, and the other fields. */
function partedAt(fields: JsonObject): readonly [readonly string[], JsonObject] {
  const entries = Object.entries(fields);
  const taken = entries.flatMap(([name, value]) => (value === null ? [name] : []));
  return [taken, Object.fromEntries(entries.filter(([, value]) => value !== null))];
}

const nullsOf = (names: readonly string[], taken: readonly string[]) =>
  Object.fromEntries(names.filter((name) => taken.includes(name)).map((name) => [name, null]));

function topicDefaultsAt(fields: JsonObject): TopicDefaults {
  const { "min.insync.replicas": minIsr, "unclean.leader.election.enable": unclean } = fields;
  return {
    ...(minIsr === undefined
      ? {}
      : { "min.insync.replicas": integerOrText(minIsr, "min.insync.replicas", MIN_ISR_BOUNDS) }),
    ...(unclean === undefined
      ? {}
      : {
          "unclean.leader.election.enable": truthAt(fields, "unclean.leader.election.enable"),
        }),
  };
}

/** In the one order, each element once. */
function listAt(fields: JsonObject, name: (typeof POLICY_LISTS)[number]): string {
  const text = textAt(fields[name], pathOf(name));
  const elements = [...new Set(elementsOf(text))].toSorted(byText);
  if (text.length > LIST_CHARACTERS_MAX || elements.length > LIST_ELEMENTS_MAX)
    throw invalid(
      pathOf(name),
      `at most ${LIST_ELEMENTS_MAX} names, and ${LIST_CHARACTERS_MAX} characters`,
    );
  if (elements.some((element) => !/^[A-Za-z0-9._-]{1,249}$/.test(element)))
    throw invalid(pathOf(name), "names of letters, digits, ., _ and - with commas between them");
  return elements.join(",");
}

const numberAt = (fields: JsonObject, name: NumberSetting): number =>
  integerOrText(fields[name], name, SETTING_BOUNDS[name]);

function integerOrText(value: unknown, name: string, bounds: SettingBounds): number {
  const isText = typeof value === "string" && /^-?\d{1,16}$/.test(value);
  const number = isText ? Number(value) : value;
  return bounds.orZero === true && number === 0 ? 0 : integerAt(number, pathOf(name), bounds);
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

function truthAt(fields: JsonObject, name: string): boolean {
  const value = fields[name];
  if (value === "true" || value === "false") return value === "true";
  return value === undefined ? false : booleanAt(value, pathOf(name));
}
