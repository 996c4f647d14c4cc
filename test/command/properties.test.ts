/** A broker's settings as the doctor reads them: what fits, and a sentence for each thing that does not. */
import { describe, expect, test } from "vitest";
import type { FormedCluster } from "../../client/clusters.ts";
import { examineProperties, readProperties } from "../../command/doctor/properties.ts";

const CLUSTER: FormedCluster = {
  cluster_id: "4L6g3nShT-eMCtK--X86sw",
  controllers: [9093, 9094, 9095].map((port, at) => ({
    node_id: 3000 + at,
    directory_id: `directory-${at}`,
    host: "127.0.0.1",
    port,
  })),
  metadata_version: 25,
  settings: { "broker.session.timeout.ms": 9000 },
  created_ms: 0,
};

const FITTING = `process.roles=broker
node.id=1
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:9093,127.0.0.1:9094,127.0.0.1:9095
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
`;

/** What is said of `FITTING` with one line in place of that of its name, or without it. */
function saidOf(name: string, line: string | null): string {
  const kept = FITTING.split("\n").filter((each) => !each.startsWith(`${name}=`));
  const text = [...kept, line ?? ""].join("\n");
  return examineProperties(readProperties(text), CLUSTER)
    .map(({ state, what, mend }) => `${state}: ${what}. ${mend ?? ""}`)
    .join("\n");
}

describe("a broker's server.properties", () => {
  test("that fits is said to", () => {
    expect(examineProperties(readProperties(FITTING), CLUSTER)).toEqual([
      { state: "well", what: "server.properties fits the cluster" },
    ]);
  });

  test.each([
    ["process.roles", null, "ill: process.roles is not set. Set process.roles=broker"],
    [
      "process.roles",
      "process.roles=broker,controller",
      "ill: process.roles is broker,controller. ",
    ],
    ["x", "controller.quorum.voters=1@h:1", "ill: controller.quorum.voters is set"],
    [
      "controller.quorum.bootstrap.servers",
      null,
      "as 127.0.0.1:9093,127.0.0.1:9094,127.0.0.1:9095.",
    ],
    [
      "controller.quorum.bootstrap.servers",
      "controller.quorum.bootstrap.servers=127.0.0.1:9093",
      "odd: controller.quorum.bootstrap.servers lacks the port of controller 3001, 3002. ",
    ],
    ["controller.listener.names", null, "ill: controller.listener.names is not set. "],
    [
      "listener.security.protocol.map",
      "listener.security.protocol.map=PLAINTEXT:PLAINTEXT",
      "ill: listener.security.protocol.map has no protocol for CONTROLLER. ",
    ],
    ["node.id", null, "ill: node.id is not set. "],
    ["node.id", "node.id=3001", "ill: node.id 3001 is a controller's. "],
    [
      "x",
      "broker.heartbeat.interval.ms=5000",
      "ill: it beats every 5000 ms and is fenced after 9000 ms of silence. ",
    ],
    ["x", "broker.session.timeout.ms=18000", "odd: its broker.session.timeout.ms (18000) is not "],
  ])("with another %s (%j) gets a sentence", (name, line, sentence) => {
    expect(saidOf(name, line)).toContain(sentence);
  });

  test("is read as Java reads properties", () => {
    const text = "# a=b\n! c=d\n e = f \ng:h\ni j\nk=l=m\nlong=1,\\\n   2\n\nempty=\n";
    expect([...readProperties(text)]).toEqual([
      ["e", "f"],
      ["g", "h"],
      ["i", "j"],
      ["k", "l=m"],
      ["long", "1,2"],
      ["empty", ""],
    ]);
  });
});
