/** How a client introduces itself in ApiVersions (KIP-511, KIP-1242), as Kafka 4.4.0 judges it. */
import { expect, test } from "vitest";
import { introducesItself } from "../../src/protocol/index.ts";

const NAMED = { clientSoftwareName: "apache-kafka-java", clientSoftwareVersion: "4.4.0" };
const ANYBODY = { ...NAMED, clusterId: null, nodeId: -1 };
const MEANT = { ...NAMED, clusterId: "MkU3OEVBNTcwNTJENDM2Qg", nodeId: 3_000 };

test.each([
  [5, ANYBODY, true],
  [5, MEANT, true],
  [5, { ...MEANT, nodeId: -1 }, false],
  [5, { ...MEANT, clusterId: null }, false],
  // Nobody else's cluster is told from this one: as by Kafka's controllers.
  [5, { ...MEANT, clusterId: "another" }, true],
  [5, { ...MEANT, clientSoftwareName: "-" }, false],
  [4, { ...MEANT, clusterId: null }, true],
  [4, { ...ANYBODY, clientSoftwareName: "" }, false],
  [3, { ...ANYBODY, clientSoftwareVersion: "4.4 " }, false],
  [2, { ...ANYBODY, clientSoftwareName: "", clientSoftwareVersion: "" }, true],
])("in version %i of %j: %s", (version, request, isRight) => {
  expect(introducesItself(version, request)).toBe(isRight);
});
