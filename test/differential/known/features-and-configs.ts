/** Where the two differ about features and configs. */
import { CONFIG_RESOURCE } from "../../../src/metadata/index.ts";
import { comparableResponse } from "../comparable.ts";
import { fieldOf, inJson, answersDiffer, sameImages, sameResponses, type Known } from "./entry.ts";

const withoutEmptyMessages = (text: string): string =>
  text.replaceAll('"errorMessage":""', '"errorMessage":null');

/** Configs without what is said of them, by which lists would be sorted otherwise. */
function undocumented(response: unknown): string {
  const text = inJson(response).replaceAll(
    /"documentation":"(?:[^"\\]|\\.)*"/g,
    '"documentation":null',
  );
  // A request may name an unknown resource as well.
  return inJson(comparableResponse("DescribeConfigs", JSON.parse(withoutEmptyMessages(text))));
}

export const KNOWN_OF_FEATURES_AND_CONFIGS: readonly Known[] = [
  {
    title: "Success has no words",
    apis: ["AlterPartitionReassignments", "UpdateFeatures"],
    kafka:
      'Up to version 1 a feature that was updated is answered with the message "NONE"; a move of nothing with an empty one.',
    here: "Without a message, as everywhere.",
    why: "A message is for a refusal; clients read the code.",
    explains: (difference) =>
      difference.in === "response" &&
      sameResponses(difference, (text) => {
        const wordless = text.replaceAll(
          /"errorCode":0,"errorMessage":"(?:NONE)?"/g,
          '"errorCode":0,"errorMessage":null',
        );
        // A move of nothing is answered with what the response says by default.
        return wordless.includes('"responses":[]')
          ? wordless.replace(/"allowReplicationFactorChange":\w+,/, "")
          : wordless;
      }),
    shown: async (told) => {
      const featureUpdates = [{ feature: "group.version", maxVersionLevel: 1, upgradeType: 1 }];
      await told.ask("UpdateFeatures", { featureUpdates }, { version: 1 });
    },
  },
  {
    title: "A level that does not change is not written",
    apis: ["UpdateFeatures"],
    kafka: "A record is written for each feature that is asked for.",
    here: "For each whose level changes.",
    why: "A log should grow by what happens.",
    explains: (difference) =>
      sameResponses(difference) && sameImages(difference) && difference.ours.records.length === 0,
    shown: async (told) => {
      const featureUpdates = [{ feature: "group.version", maxVersionLevel: 1, upgradeType: 1 }];
      await told.ask("UpdateFeatures", { featureUpdates }, { version: 2 });
      await told.ask("UpdateFeatures", { featureUpdates }, { version: 2 });
    },
  },
  {
    title: "An unknown resource is described without a word",
    apis: ["DescribeConfigs"],
    kafka: "The message beside the code is empty.",
    here: "It is null.",
    why: "As everywhere: clients take either for none.",
    explains: (difference) =>
      difference.in === "response" &&
      inJson(difference.theirs.response).includes('"errorCode":3') &&
      sameResponses(difference, withoutEmptyMessages),
    shown: async (told) => {
      const resources = [{ resourceType: 2, resourceName: "nope", configurationKeys: null }];
      await told.ask("DescribeConfigs", { resources });
    },
  },
  {
    title: "A config is told without its documentation",
    apis: ["DescribeConfigs"],
    kafka: "Where documentation is asked for, each config comes with its paragraph.",
    here: "It is null.",
    why: "Kafka's tools do not ask for it, brokers answer for themselves, and the paragraphs would weigh more than the rules.",
    explains: ({ asked, in: where, ours, theirs }) =>
      where === "response" &&
      fieldOf(asked.body, "includeDocumentation") === true &&
      undocumented(ours.response) === undocumented(theirs.response),
    shown: async (told) => {
      await told.up(0);
      await told.topic("a", [[0]]);
      const resources = [{ resourceType: 2, resourceName: "a", configurationKeys: null }];
      await told.ask("DescribeConfigs", { resources, includeDocumentation: true });
    },
  },
  {
    title: "A subscription is described with its defaults",
    apis: ["DescribeConfigs"],
    kafka: "Of client metrics 4.0.2 lists what is set.",
    here: "Every config, those that are not set with their defaults.",
    why: "As Kafka does it from 4.1 on, and for topics and groups.",
    releases: ["4.0.2"],
    explains: (difference) =>
      answersDiffer(
        difference,
        "results",
        ({ ours, theirs }) =>
          fieldOf(ours, "resourceType") === CONFIG_RESOURCE.CLIENT_METRICS &&
          inJson(fieldOf(theirs, "errorCode")) === inJson(fieldOf(ours, "errorCode")),
      ),
    shown: async (told) => {
      const resources = [{ resourceType: 16, resourceName: "s", configurationKeys: null }];
      await told.ask("DescribeConfigs", { resources });
    },
  },
  {
    title: "Groups have the configs of all releases",
    apis: ["DescribeConfigs"],
    kafka: "Those of its own release are listed.",
    here: "Those of every release that brokers may have.",
    why: "Brokers of several releases read one log; a name that a broker does not know it passes over.",
    releases: ["4.0.2", "4.1.2"],
    explains: (difference) =>
      difference.in === "response" &&
      namesIn(difference.theirs.response).length > 0 &&
      namesIn(difference.theirs.response).every((name) =>
        namesIn(difference.ours.response).includes(name),
      ),
    shown: async (told) => {
      const resources = [{ resourceType: 32, resourceName: "g", configurationKeys: null }];
      await told.ask("DescribeConfigs", { resources });
    },
  },
  {
    title: "A broker that is not registered is refused in words",
    apis: ["UnregisterBroker"],
    kafka: "BROKER_ID_NOT_REGISTERED without a word.",
    here: "With those of later releases.",
    why: "A tool prints it.",
    releases: ["4.0.2"],
    explains: (difference) =>
      difference.in === "response" &&
      fieldOf(difference.ours.response, "errorCode") ===
        fieldOf(difference.theirs.response, "errorCode") &&
      fieldOf(difference.theirs.response, "errorMessage") === "",
    shown: async (told) => {
      await told.ask("UnregisterBroker", { brokerId: 9 });
    },
  },
  {
    title:
      "A level of metadata.version without registered controllers is told of after the endpoint",
    apis: ["DescribeCluster"],
    kafka: "Below 3.7-IV0 whatever is asked is UNSUPPORTED_VERSION.",
    here: "A controller that is asked for brokers says MISMATCHED_ENDPOINT_TYPE, as at any level; the other words differ.",
    why: "The endpoint is wrong at any level.",
    metadataVersion: 7,
    explains: (difference) =>
      difference.before.features.metadataVersion < 15 &&
      fieldOf(difference.theirs.response, "errorCode") === 35,
    shown: async (told) => {
      await told.ask("DescribeCluster", { endpointType: 1 });
    },
  },
  {
    title: "Configs of brokers are judged",
    apis: ["AlterConfigs", "IncrementalAlterConfigs"],
    kafka: "Its controller takes any value; the broker has judged it.",
    here: "By type and bounds, as the broker does.",
    why: "Not everybody who asks a controller is a broker.",
    explains: (difference) =>
      answersDiffer(
        difference,
        "responses",
        ({ ours, theirs }) =>
          fieldOf(ours, "resourceType") === 4 &&
          fieldOf(ours, "errorCode") === INVALID_CONFIG &&
          fieldOf(theirs, "errorCode") === 0,
      ),
    shown: async (told) => {
      const configs = [{ name: "num.io.threads", value: "none", configOperation: 0 }];
      const resources = [{ resourceType: 4, resourceName: "", configs }];
      await told.ask("IncrementalAlterConfigs", { resources });
    },
  },
  {
    title: "A config is what brokers of all releases make of it",
    apis: ["AlterConfigs", "CreateTopics", "IncrementalAlterConfigs"],
    kafka:
      "Names that later releases have brought are unknown, bounds are wider, lists may have empty elements, and some of brokers' lists are texts.",
    here: "Every name is known that one of these releases knows, with the narrowest bounds, as 4.3.1 has it; of those of 4.4.0, what share groups need for dead letters (KIP-1191).",
    why: "Brokers of several releases read one log, and none may fault at it.",
    releases: ["4.0.2", "4.1.2", "4.3.1"],
    explains: (difference) =>
      answersDiffer(
        difference,
        difference.asked.name === "CreateTopics" ? "topics" : "responses",
        ({ ours, theirs }) =>
          fieldOf(ours, "errorCode") === INVALID_CONFIG
            ? fieldOf(theirs, "errorCode") === INVALID_CONFIG || fieldOf(theirs, "errorCode") === 0
            : fieldOf(theirs, "errorCode") === INVALID_CONFIG &&
              /^Unknown \w+ config name|because its type is not LIST/.test(
                String(fieldOf(theirs, "errorMessage")),
              ),
      ),
    shown: async (told) => {
      await told.up(0);
      await told.topic("a", [[0]]);
      await told.configure("a", "errors.deadletterqueue.group.enable", "true");
    },
  },
];

const INVALID_CONFIG = 40;

const namesIn = (response: unknown): readonly string[] =>
  [...inJson(response).matchAll(/"name":"([^"]+)"/g)].map(([, name = ""]) => name);
