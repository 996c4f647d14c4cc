/**
 * The settings that a request chooses for a new cluster, or changes of one that is there. What a cluster of this build
 * cannot go by is refused, not ignored: a setting that was meant to lock something and is not understood leaves it
 * open.
 */
import * as v from "valibot";
import {
  CHANGEABLE_SETTINGS,
  CLUSTER_SETTINGS,
  CONTROLLER_NUMBERS,
  CONTROLLER_SWITCHES,
  MIN_ISR_BOUNDS,
  NUMBER_SETTINGS,
  POLICY_LISTS,
  SETTING_BOUNDS,
  SNAPSHOT_SETTINGS,
  STANDARD_AUTHORIZER,
  TOPIC_DEFAULTS,
  elementsOf,
  principalsIn,
  type ClusterSettings,
  type SettingBounds,
  type SettingWish,
  type TopicDefaults,
} from "../../durable-objects/cluster-settings.ts";
import { byText } from "../../src/std/immutable-map.ts";
import { fieldsOf, invalid, text, truth, wholeNumber } from "../http/fields.ts";

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
function integerOrText(bounds: SettingBounds) {
  const message = `must be a whole number from ${bounds.min} to ${bounds.max}`;
  const number =
    bounds.orZero === true
      ? v.union([wholeNumber(bounds), v.literal(0)], message)
      : wholeNumber(bounds);
  const digits = v.pipe(v.string(), v.regex(/^-?[0-9]{1,16}$/), v.transform(Number), number);
  return v.union([number, digits], message);
}

const TRUTH = "must be true or false";
const truthOrText = v.union(
  [
    truth,
    v.pipe(
      v.picklist(["true", "false"]),
      v.transform((word) => word === "true"),
    ),
  ],
  TRUTH,
);

/** In the one order, each element once. */
const nameList = v.pipe(
  text,
  v.check(
    (list) => list.length <= LIST_CHARACTERS_MAX && namesIn(list).length <= LIST_ELEMENTS_MAX,
    `must be at most ${LIST_ELEMENTS_MAX} names, and ${LIST_CHARACTERS_MAX} characters`,
  ),
  v.check(
    (list) => namesIn(list).every((name) => /^[A-Za-z0-9._-]{1,249}$/.test(name)),
    "must be names of letters, digits, ., _ and - with commas between them",
  ),
  v.transform((list) => namesIn(list).join(",")),
);

const namesIn = (list: string): readonly string[] =>
  [...new Set(elementsOf(list))].toSorted(byText);

/** In the one order, so that two requests which name the same principals agree. */
const superUsers = v.pipe(
  text,
  v.maxLength(
    SUPER_USERS_CHARACTERS_MAX,
    `must be at most ${SUPER_USERS_CHARACTERS_MAX} characters long`,
  ),
  v.check(
    (list) => usersIn(list).length <= SUPER_USERS_MAX,
    `must be at most ${SUPER_USERS_MAX} principals`,
  ),
  v.check(
    (list) => usersIn(list).every((principal) => /^[^:]+:./s.test(principal)),
    'must be principals with ";" between them, each as "User:name"',
  ),
  v.transform((list) => usersIn(list).join(";")),
);

const usersIn = (list: string): readonly string[] =>
  [...new Set(principalsIn(list))].toSorted(byText);

/** A schema for each of some settings. */
const each = <const Name extends string, Schema>(
  names: readonly Name[],
  schemaOf: (name: Name) => Schema,
): { readonly [name: string]: Schema } =>
  Object.fromEntries(names.map((name) => [name, schemaOf(name)]));

const minIsr = integerOrText(MIN_ISR_BOUNDS);

export const SETTINGS = fieldsOf({
  ...each(NUMBER_SETTINGS, (name) => v.optional(integerOrText(SETTING_BOUNDS[name]))),
  ...each(CONTROLLER_SWITCHES, () => v.optional(truthOrText)),
  ...each(POLICY_LISTS, () => v.optional(nameList)),
  "authorizer.class.name": v.optional(
    v.picklist(["", STANDARD_AUTHORIZER], `must be ${STANDARD_AUTHORIZER}, or empty for none`),
    "",
  ),
  "super.users": v.optional(superUsers, ""),
  "allow.everyone.if.no.acl.found": v.optional(truthOrText, false),
  "min.insync.replicas": v.exactOptional(minIsr),
  "unclean.leader.election.enable": v.exactOptional(truthOrText),
});

/** Those of a new cluster. */
export function settingsIn(
  chosen: v.InferOutput<typeof SETTINGS>,
): ChosenSettings<Partial<ClusterSettings>> {
  assertGuarded(chosen);
  return parted(chosen);
}

/** What is to be changed; null takes a change back. */
export interface ChangedSettings {
  readonly settings: SettingWish;
  readonly topicDefaults: { readonly [Name in keyof TopicDefaults]: TopicDefaults[Name] | null };
}

const CHANGEABLE: readonly string[] = [...CHANGEABLE_SETTINGS, ...TOPIC_DEFAULTS];
const FIXED = CLUSTER_SETTINGS.filter((name) => !CHANGEABLE.includes(name));

/** What is not named stays as it is. */
const SETTING_CHANGES = fieldsOf({
  ...each(FIXED, () =>
    v.exactOptional(
      v.never(
        `must be left out: it is chosen when a cluster is created, and stays; what can be changed is ${CHANGEABLE.join(", ")}`,
      ),
    ),
  ),
  ...each([...SNAPSHOT_SETTINGS, ...CONTROLLER_NUMBERS], (name) =>
    v.exactOptional(v.nullable(integerOrText(SETTING_BOUNDS[name]))),
  ),
  ...each(CONTROLLER_SWITCHES, () => v.exactOptional(v.nullable(truthOrText))),
  ...each(POLICY_LISTS, () => v.exactOptional(v.nullable(nameList))),
  "min.insync.replicas": v.exactOptional(v.nullable(minIsr)),
  "unclean.leader.election.enable": v.exactOptional(v.nullable(truthOrText)),
});

export const CLUSTER_CHANGE = fieldsOf({ settings: SETTING_CHANGES });

/** What a request changes. */
export function changesOf({ settings }: v.InferOutput<typeof CLUSTER_CHANGE>): ChangedSettings {
  if (Object.keys(settings).length === 0)
    throw invalid("settings", "an object that names a setting");
  return parted(settings);
}

/** Those of a controller, and those that are configs in the log. */
function parted<Chosen extends ChangedSettings["topicDefaults"]>(chosen: Chosen) {
  const {
    "min.insync.replicas": replicas,
    "unclean.leader.election.enable": unclean,
    ...settings
  } = chosen;
  const topicDefaults: Pick<Chosen, keyof TopicDefaults> = {
    ...(replicas === undefined ? {} : { "min.insync.replicas": replicas }),
    ...(unclean === undefined ? {} : { "unclean.leader.election.enable": unclean }),
  };
  return { settings, topicDefaults };
}

/** An authorizer that nobody may tell anything, and what is told to none. */
function assertGuarded({
  "authorizer.class.name": authorizer,
  "super.users": users,
  "allow.everyone.if.no.acl.found": allowsEveryone,
}: v.InferOutput<typeof SETTINGS>): void {
  if (authorizer !== "") {
    if (users !== "" || allowsEveryone) return;
    throw invalid(
      'settings["super.users"]',
      "given with an authorizer: nobody could give an ACL, ever",
    );
  }
  if (users === "" && !allowsEveryone) return;
  const name = users === "" ? "allow.everyone.if.no.acl.found" : "super.users";
  throw invalid(
    `settings["${name}"]`,
    "left out unless authorizer.class.name is given: nothing asks for it",
  );
}
