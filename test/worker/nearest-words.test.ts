/** What is suggested for a word that is none, and when nothing is. */
import { expect, test } from "vitest";
import { nearestWords } from "../../worker/http/nearest-words.ts";
import { edgeWith } from "./network.ts";
import { refusalOf } from "./running-quorum.ts";

const WORDS = [
  "CreateTopics",
  "CreatePartitions",
  "CreateAcls",
  "DeleteTopics",
  "DeleteAcls",
  "Vote",
];

test.each([
  ["CreateTopic", ["CreateTopics"]],
  ["createtopics", ["CreateTopics"]],
  ["CraeteTopics", ["CreateTopics"]],
  ["CreateTopicsss", ["CreateTopics"]],
  ["CreteTopcs", ["CreateTopics"]],
  ["DeleteAcl", ["DeleteAcls"]],
  // Three letters of four are wrong.
  ["Vxyz", []],
  ["Produce", []],
  ["", []],
  ["CreateTopicsAndMore", []],
])("%s is taken for %j", (word, near) => {
  expect(nearestWords(word, WORDS)).toEqual(near);
});

test("all that are equally near are told, and none that is further", () => {
  expect(nearestWords("cat", ["bat", "cart", "hat", "cats"])).toEqual([
    "bat",
    "cart",
    "hat",
    "cats",
  ]);
  expect(nearestWords("cats", ["bat", "cart", "cat"])).toEqual(["cat"]);
  // Letters that changed places are one step, not two.
  expect(nearestWords("act", ["cat", "ants"])).toEqual(["cat"]);
});

test.each([
  ["CreateTopic", "CreateTopic is not an API of a controller; did you mean CreateTopics?"],
  [
    "describeconfigs",
    "describeconfigs is not an API of a controller; did you mean DescribeConfigs?",
  ],
  // What is spoken in frames alone is not proposed.
  ["Fetchh", "Fetchh is not an API of a controller"],
  ["Nonsense", "Nonsense is not an API of a controller"],
  ["__proto__", "__proto__ is not an API of a controller"],
])("a call of %s is refused so", async (name, message) => {
  const edge = edgeWith([3000], () => new Response("", { status: 500 }));
  const refused = refusalOf(edge.request(`rpc/${name}`, { method: "POST", body: "{}" }));
  expect(await refused).toEqual({ status: 404, error_code: 40_405, message });
});
