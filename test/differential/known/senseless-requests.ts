/** Where the two differ about requests that make no sense: numbers that mean nothing, and what is named twice. */
import { CONFIG_RESOURCE } from "../../../src/metadata/index.ts";
import type { Difference } from "../controller-pair.ts";
import { asks, answersDiffer, fieldOf, inJson, sameResponses, type Known } from "./entry.ts";

const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const isTwiceIn = (items: readonly unknown[]): boolean =>
  new Set(items.map((item) => inJson(item))).size < items.length;

/** Items of a list of the request, by these of their fields. */
const listed = (difference: Difference, list: string, ...fields: readonly string[]) =>
  itemsOf(asks(difference, list)).map((item) => fields.map((field) => fieldOf(item, field)));

const typesIn = (difference: Difference): readonly unknown[] =>
  listed(difference, "resources", "resourceType").flat();

const isConfigurable = (type: unknown): boolean =>
  Object.values(CONFIG_RESOURCE).some((known) => known === type);

const hasHungUp = ({ theirs }: Difference): boolean =>
  fieldOf(theirs.response, "hungUp") === true ||
  fieldOf(theirs.response, "envelopeErrorCode") !== undefined;

const resourceOf = (row: unknown): string =>
  inJson([fieldOf(row, "resourceType"), fieldOf(row, "resourceName")]);

/** Whether that is, in either response, the answer on a resource that is refused here for what it was given. */
function isRefusedAsGiven(row: unknown, { ours }: Difference): boolean {
  return itemsOf(fieldOf(ours.response, "responses")).some(
    (one) =>
      resourceOf(one) === resourceOf(row) &&
      /^(Error due to duplicate config keys|Null value not supported for( topic configs)?) ?:/.test(
        String(fieldOf(one, "errorMessage")),
      ),
  );
}

/** An entry that lets somebody read a topic, but for these parts of it. */
const entryWith = (parts: object) => ({
  resourceType: 2,
  resourceName: "a",
  resourcePatternType: 3,
  principal: "User:a",
  host: "*",
  operation: 3,
  permissionType: 3,
  ...parts,
});

export const KNOWN_OF_SENSELESS_REQUESTS: readonly Known[] = [
  {
    title: "An entry of an access control list is refused by itself",
    apis: ["CreateAcls", "DeleteAcls", "DescribeAcls"],
    kafka:
      "ANY or MATCH in an entry fails the whole request with UNKNOWN_SERVER_ERROR; a number that means nothing closes the connection.",
    here: "INVALID_REQUEST for that entry; a filter that is only asked finds nothing.",
    why: "No request costs others theirs.",
    explains: (difference) =>
      difference.in === "response" &&
      (hasHungUp(difference) || inJson(difference.theirs.response).includes('"errorCode":-1')),
    shown: async (told) => {
      await told.ask("CreateAcls", { creations: [entryWith({ operation: 0 })] });
    },
  },
  {
    title: "A host that is empty, or a range where none is known",
    apis: ["CreateAcls"],
    kafka: "It is written, and nobody is there.",
    here: "INVALID_REQUEST, or UNSUPPORTED_VERSION for a range below level 32, as 4.4.0 answers.",
    why: "What keeps nobody out does not look as if it did.",
    explains: (difference) =>
      itemsOf(asks(difference, "creations"))
        .map((creation) => String(fieldOf(creation, "host")))
        .some((host) => host === "" || host.includes("/")),
    shown: async (told) => {
      for (const host of ["", "10.0.0.0/8"])
        // oxlint-disable-next-line no-await-in-loop -- one request after the other
        await told.ask("CreateAcls", { creations: [entryWith({ host })] });
    },
  },
  {
    title: "A quota's entity that is named twice",
    apis: ["AlterClientQuotas"],
    kafka: "The first of two is written; of a type that is named twice the last counts.",
    here: "Refused.",
    why: "A controller does not choose between two wishes.",
    explains: (difference) => {
      const entries = itemsOf(asks(difference, "entries"));
      const entities = entries.map((entry) =>
        itemsOf(fieldOf(entry, "entity"))
          .map((part) => inJson(part))
          .toSorted(),
      );
      return (
        isTwiceIn(entities) ||
        entries.some((entry) =>
          [
            itemsOf(fieldOf(entry, "entity")).map((part) => fieldOf(part, "entityType")),
            itemsOf(fieldOf(entry, "ops")).map((op) => fieldOf(op, "key")),
          ].some((names) => isTwiceIn(names)),
        )
      );
    },
    shown: async (told) => {
      const user = { entityType: "user", entityName: "a" };
      const ops = [{ key: "producer_byte_rate", value: 1, remove: false }];
      await told.ask("AlterClientQuotas", {
        entries: [{ entity: [user, { ...user, entityName: "b" }], ops }],
        validateOnly: true,
      });
    },
  },
  {
    title: "Of several faults of a quota's entity the first is named",
    apis: ["AlterClientQuotas"],
    kafka: "Any of them: a hash table has its parts in no order.",
    here: "The first in the request.",
    why: "The same request has the same answer.",
    explains: (difference) =>
      difference.in === "response" &&
      itemsOf(asks(difference, "entries")).some(
        (entry) => itemsOf(fieldOf(entry, "entity")).length > 1,
      ) &&
      sameResponses(difference, (text) => text.replaceAll(/"errorMessage":"[^"]*"/g, "")),
    shown: async (told) => {
      const parts = [
        { entityType: "metrics", entityName: null },
        { entityType: "user", entityName: "" },
      ];
      // In one of the two orders it is not the first.
      for (const entity of [parts, parts.toReversed()])
        // oxlint-disable-next-line no-await-in-loop -- one request after the other
        await told.ask("AlterClientQuotas", { entries: [{ entity, ops: [] }], validateOnly: true });
    },
  },
  {
    title: "A quota that is no number",
    apis: ["AlterClientQuotas"],
    kafka: "NaN is written.",
    here: "Refused, as what is not above 0 is.",
    why: "Nothing is above or below such a bound: it would be none.",
    explains: (difference) =>
      difference.in === "response" &&
      itemsOf(asks(difference, "entries")).some((entry) =>
        itemsOf(fieldOf(entry, "ops")).some(
          (op) => Number.isNaN(fieldOf(op, "value")) && fieldOf(op, "remove") === false,
        ),
      ),
    shown: async (told) => {
      const ops = [{ key: "request_percentage", value: Number.NaN, remove: false }];
      await told.ask("AlterClientQuotas", {
        entries: [{ entity: [{ entityType: "user", entityName: "a" }], ops }],
        validateOnly: true,
      });
    },
  },
  {
    title: "What is named twice is answered as often",
    apis: ["AlterConfigs", "IncrementalAlterConfigs"],
    kafka: "Once.",
    here: "Each of the two is refused.",
    why: "Answers stand in the order of what was asked.",
    explains: (difference) => {
      const [here, there] = [difference.ours, difference.theirs].map(({ response }) =>
        [...new Set(itemsOf(fieldOf(response, "responses")).map((row) => inJson(row)))].toSorted(),
      );
      return (
        isTwiceIn(listed(difference, "resources", "resourceType", "resourceName")) &&
        inJson(here) === inJson(there)
      );
    },
    shown: async (told) => {
      const resource = { resourceType: 32, resourceName: "g", configs: [] };
      await told.ask("IncrementalAlterConfigs", { resources: [resource, resource] });
    },
  },
  {
    title: "A key of a resource that is named twice, or has no value",
    apis: ["AlterConfigs", "IncrementalAlterConfigs"],
    kafka: "The last of the two counts; what is set to nothing is deleted.",
    here: "The resource is refused.",
    why: "Brokers refuse both beforehand.",
    explains: (difference) => {
      const [here, there] = [difference.ours, difference.theirs].map(({ response }) =>
        itemsOf(fieldOf(response, "responses"))
          .filter((row) => !isRefusedAsGiven(row, difference))
          .map((row) => inJson(row))
          .toSorted(),
      );
      return inJson(here) === inJson(there) && !sameResponses(difference);
    },
    shown: async (told) => {
      const config = { name: "consumer.session.timeout.ms", value: "50000", configOperation: 0 };
      await told.ask("IncrementalAlterConfigs", {
        resources: [{ resourceType: 32, resourceName: "g", configs: [config, config] }],
      });
    },
  },
  {
    title: "A feature that is named twice",
    apis: ["UpdateFeatures"],
    kafka: "The last of the two counts.",
    here: "INVALID_REQUEST.",
    why: "A controller does not choose between two wishes.",
    explains: (difference) => isTwiceIn(listed(difference, "featureUpdates", "feature")),
    shown: async (told) => {
      const update = { feature: "group.version", maxVersionLevel: 1, upgradeType: 1 };
      const featureUpdates = [update, update];
      await told.ask("UpdateFeatures", { featureUpdates, validateOnly: true });
    },
  },
  {
    title: "Of several features that are refused the first is named",
    apis: ["UpdateFeatures"],
    kafka: "Any of them: a hash table has them in no order.",
    here: "The first in the request.",
    why: "The same request has the same answer.",
    explains: (difference) =>
      difference.in === "response" &&
      itemsOf(asks(difference, "featureUpdates")).length > 1 &&
      fieldOf(difference.ours.response, "errorCode") ===
        fieldOf(difference.theirs.response, "errorCode") &&
      inJson(fieldOf(difference.ours.response, "results")) ===
        inJson(fieldOf(difference.theirs.response, "results")),
    shown: async (told) => {
      // In one of the two orders it is not the first.
      const [a, b] = ["x", "y"].map((feature) => ({ feature, maxVersionLevel: 1, upgradeType: 1 }));
      await told.ask("UpdateFeatures", { featureUpdates: [a, b] });
      await told.ask("UpdateFeatures", { featureUpdates: [b, a] });
    },
  },
  {
    title: "A salted password of no bytes is no credential",
    apis: ["AlterUserScramCredentials"],
    kafka: "UNKNOWN_SERVER_ERROR, unless the user has another fault.",
    here: "UNACCEPTABLE_CREDENTIAL.",
    why: "No request has an answer that says nothing.",
    explains: (difference) =>
      difference.in === "response" &&
      listed(difference, "upsertions", "saltedPassword")
        .flat()
        .some((password) => password instanceof Uint8Array && password.length === 0),
    shown: async (told) => {
      const upsertion = { name: "a", mechanism: 1, iterations: 4_096 };
      const bytes = { salt: Uint8Array.of(1), saltedPassword: new Uint8Array(0) };
      const upsertions = [{ ...upsertion, ...bytes }];
      await told.ask("AlterUserScramCredentials", { deletions: [], upsertions });
    },
  },
  {
    title: "A type of resource that is not known is refused by itself",
    apis: ["DescribeConfigs"],
    kafka: "All resources of the request are refused, in words that name none.",
    here: "That resource is refused.",
    why: "No resource costs others their answer.",
    explains: (difference) =>
      difference.in === "response" && typesIn(difference).some((type) => !isConfigurable(type)),
    shown: async (told) => {
      const resources = [{ resourceType: 99, resourceName: "a", configurationKeys: null }];
      await told.ask("DescribeConfigs", { resources });
    },
  },
  {
    title: "What is set on a broker is told by any controller",
    apis: ["DescribeConfigs"],
    kafka: "Its controller tells of itself alone, with the settings of its file.",
    here: "What the log holds of any node.",
    why: "Every controller has the same log, and a serverless one no file.",
    explains: (difference) =>
      answersDiffer(
        difference,
        "results",
        ({ ours }) => fieldOf(ours, "resourceType") === CONFIG_RESOURCE.BROKER,
      ),
    shown: async (told) => {
      await told.up(0);
      const resources = [{ resourceType: 4, resourceName: "0", configurationKeys: null }];
      await told.ask("DescribeConfigs", { resources });
    },
  },
  {
    title: "An election everywhere is answered for topics that have something to tell",
    apis: ["ElectLeaders"],
    kafka: "Every topic is named, most of them with nothing.",
    here: "Those in which a leader was elected, or could not be.",
    why: "A cluster may have very many topics.",
    explains: (difference) =>
      asks(difference, "topicPartitions") === null &&
      sameResponses(difference, (text) =>
        text.replaceAll(/\{"partitionResult":\[\],"topic":"[^"]*"\},?/g, "").replaceAll(",]", "]"),
      ),
    shown: async (told) => {
      await told.up(0);
      await told.topic("a", [[0]]);
      await told.ask("ElectLeaders", { electionType: 0, topicPartitions: null, timeoutMs: 60_000 });
    },
  },
];
