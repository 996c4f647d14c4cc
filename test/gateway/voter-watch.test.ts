/** Ports that follow the voters: before an edge that lists whom the test says, and answers as it says. */
import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { startClusterGateway } from "../../gateway/cluster-gateway.ts";
import { Tunnel } from "../../gateway/edge/tunnel.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import { sentencesTo } from "../../gateway/log.ts";
import { GatewayMetrics } from "../../gateway/metrics.ts";
import { OWN_PORTS, PortsFrom, type Places } from "../../gateway/places.ts";
import { freePort, freePorts } from "../../local/ports.ts";
import { Client } from "./client.ts";
import { echo, refusing, type Answer, type EchoEdge } from "./edge.ts";
import { atEnd, client, CLUSTER_ID, edge } from "./harness.ts";

interface Listed {
  readonly node_id: number;
  readonly port: number;
  readonly status?: { readonly is_voter?: boolean };
  readonly unreachable?: string;
}

const voter = (nodeId: number, port = 9093): Listed => ({
  node_id: nodeId,
  port,
  status: { is_voter: true },
});
const observer = (nodeId: number): Listed => ({
  node_id: nodeId,
  port: 9093,
  status: { is_voter: false },
});
const silent = (nodeId: number): Listed => ({ node_id: nodeId, port: 9093, unreachable: "gone" });

/** What an edge lists, which the test changes as it goes. */
interface World {
  list: unknown;
  frames: Answer;
  /** How often it was asked who the controllers are. */
  asked: number;
}

interface Watched extends World {
  readonly edge: EchoEdge;
  readonly gateway: Gateway;
  readonly metrics: GatewayMetrics;
  readonly lines: readonly string[];
  readonly serves: readonly (readonly number[])[];
}

const ANY_PORT: Places = new PortsFrom({ host: "127.0.0.1", port: 0 });

async function watched(
  list: readonly Listed[],
  {
    places = ANY_PORT,
    everyMs = 40,
    maxAgeMs = everyMs,
  }: { readonly places?: Places; readonly everyMs?: number; readonly maxAgeMs?: number } = {},
): Promise<Watched> {
  const world: World = { list, frames: echo, asked: 0 };
  const started = await edge(answering(world));
  const metrics = new GatewayMetrics();
  const lines: string[] = [];
  const serves: (readonly number[])[] = [];
  const gateway = await startClusterGateway({
    tunnel: new Tunnel({
      edge: started.url,
      clusterId: CLUSTER_ID,
      metrics,
      transport: "http",
    }),
    metrics,
    places,
    everyMs,
    maxAgeMs,
    log: sentencesTo((line) => void lines.push(line)),
    serves: (nodeIds) => void serves.push(nodeIds),
  });
  atEnd(() => gateway.stop());
  return Object.assign(world, { edge: started, gateway, metrics, lines, serves });
}

const answering =
  (world: World): Answer =>
  (heard, response) => {
    if (response.req.method !== "GET") return world.frames(heard, response);
    world.asked += 1;
    const { list } = world;
    return void response.end(typeof list === "string" ? list : JSON.stringify({ data: list }));
  };

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((settle) => setTimeout(settle, 5));
}

/** Waits until the edge was asked `times` more. */
const rounds = (world: World, times = 3): Promise<void> => {
  const from = world.asked;
  return until(() => world.asked >= from + times);
};

const portFor = ({ gateway }: Watched, nodeId: number): number | undefined =>
  gateway.at(nodeId)?.port;

const isServed = async (port: number | undefined): Promise<boolean> => {
  const kafka = await client(port);
  kafka.send("a question");
  return (await kafka.text()) === "a question";
};

const openIds = ({ gateway }: Watched, ids: readonly number[]): readonly number[] =>
  ids.filter((nodeId) => gateway.at(nodeId) !== undefined);

test("a voter that comes gets a port, one that is on its way does not yet", async () => {
  const world = await watched([voter(3000)]);
  world.list = [voter(3000), observer(3001)];
  await rounds(world);
  expect(openIds(world, [3000, 3001])).toEqual([3000]);
  world.list = [voter(3000), voter(3001)];
  await until(() => portFor(world, 3001) !== undefined);
  expect(await isServed(portFor(world, 3001))).toBe(true);
  expect(world.edge.heard.at(-1)?.nodeId).toBe(3001);
  expect(world.gateway.bootstrapServers.split(",")).toHaveLength(2);
  expect(world.serves).toEqual([[3000], [3000, 3001]]);
  await until(() => world.lines.length > 0);
  expect(world.lines[0]).toContain("controller 3001 is a voter now, reached at 127.0.0.1:");
  expect(await world.gateway.renderMetrics()).toContain("kedge_gateway_ports_open 2\n");
  expect(await world.gateway.renderMetrics()).toContain('port_changes_total{change="opened"} 1\n');
});

test.each([
  ["says that it votes no more", [voter(3000), observer(3001)]],
  ["is not listed any more", [voter(3000)]],
])("a voter that %s loses its port, and the others go on", async (_, list) => {
  const world = await watched([voter(3000), voter(3001)]);
  const [stays, goes] = [portFor(world, 3000), portFor(world, 3001)];
  const [lasting, idle] = [await client(stays), await client(goes)];
  idle.send("before it");
  expect(await idle.text()).toBe("before it");
  world.list = list;
  await idle.closed;
  expect(portFor(world, 3001)).toBeUndefined();
  await expect(Client.connect(goes)).rejects.toThrow(/ECONNREFUSED/);
  lasting.send("still here");
  expect(await lasting.text()).toBe("still here");
  expect(world.serves.at(-1)).toEqual([3000]);
  expect(world.lines.join("\n")).toContain("controller 3001 is no voter any more");
  expect(await world.gateway.renderMetrics()).toContain('port_changes_total{change="closed"} 1\n');
});

test("what is at the edge is answered before its connection ends, and what waits behind it is not sent", async () => {
  const world = await watched([voter(3000), voter(3001)]);
  const held = Promise.withResolvers<void>();
  world.frames = (heard, response) => void held.promise.then(() => echo(heard, response));
  const kafka = await client(portFor(world, 3001));
  kafka.send("on its way", "behind it");
  await until(() => world.edge.heard.some(({ nodeId }) => nodeId === 3001));
  world.list = [voter(3000), observer(3001)];
  await until(() => portFor(world, 3001) === undefined);
  await rounds(world);
  held.resolve();
  expect(await kafka.text()).toBe("on its way");
  expect(await kafka.text()).toBeUndefined();
  const sent = world.edge.heard.filter(({ nodeId }) => nodeId === 3001);
  expect(sent.map(({ frame }) => frame.toString())).toEqual(["on its way"]);
  expect(world.metrics.framesInFlight).toBe(0);
  await until(() => world.metrics.connectionsOpen === 0);
  expect(await world.gateway.renderMetrics()).toContain("kedge_gateway_held_bytes 0\n");
});

test("who does not answer has not left, nor has anybody while no voter is listed", async () => {
  const world = await watched([voter(3000), voter(3001)]);
  const kafka = await client(portFor(world, 3001));
  for (const list of [
    [voter(3000), silent(3001)],
    [voter(3000), { node_id: 3001, port: 9093, status: {} }],
    [silent(3000), silent(3001)],
    [observer(3000), observer(3001)],
    [],
  ]) {
    world.list = list;
    await rounds(world, 4);
    expect(openIds(world, [3000, 3001])).toEqual([3000, 3001]);
  }
  kafka.send("still here");
  expect(await kafka.text()).toBe("still here");
});

test.each([
  ["no JSON", "<h1>Welcome</h1>"],
  ["no list", "{}"],
  ["null", "null"],
  ["a list of what are no controllers", '{"data":[1,null,{"node_id":"3000"}]}'],
  ["a node id that is none", '{"data":[{"node_id":-1,"port":9093}]}'],
  ["a port that is none", '{"data":[{"node_id":3000,"port":70000}]}'],
  ["five megabytes", " ".repeat(5 * 1_048_576)],
])("an edge that answers with %s changes nothing, and is said once", async (_, list) => {
  const world = await watched([voter(3000)]);
  world.list = list;
  await rounds(world, 4);
  expect(await isServed(portFor(world, 3000))).toBe(true);
  expect(world.lines).toHaveLength(1);
  expect(world.lines[0]).toContain("who the controllers are is not known anew");
  world.list = [voter(3000), voter(3001)];
  await until(() => portFor(world, 3001) !== undefined);
});

test("an edge that is away changes nothing; when it is back the changes meanwhile are made", async () => {
  const world = await watched([voter(3000), voter(3001)]);
  await world.edge.close();
  await until(() => world.lines.length > 0);
  expect(openIds(world, [3000, 3001])).toEqual([3000, 3001]);
  world.list = [observer(3000), voter(3001), voter(3002)];
  await edge(answering(world), { port: world.edge.port });
  await until(() => portFor(world, 3002) !== undefined);
  expect(openIds(world, [3000, 3001, 3002])).toEqual([3001, 3002]);
});

test("the edge is asked at once when it says of a frame that its controller is none", async () => {
  const world = await watched([voter(3000), voter(3001)], { everyMs: 60_000 });
  world.frames = refusing(404);
  world.list = [voter(3000)];
  const begun = performance.now();
  const kafka = await client(portFor(world, 3001));
  kafka.send("to nobody");
  expect(await kafka.text()).toBeUndefined();
  await until(() => portFor(world, 3001) === undefined);
  expect(performance.now() - begun).toBeLessThan(10_000);
  expect(world.asked).toBe(2);
});

test("a controller that takes no part and is one hastens a single question", async () => {
  const world = await watched([voter(3000)], { everyMs: 60_000 });
  world.frames = refusing(421);
  const ask = async (): Promise<void> => {
    const kafka = await client(portFor(world, 3000));
    kafka.send("is it there");
    expect(await kafka.text()).toBeUndefined();
  };
  await ask();
  await until(() => world.asked === 2);
  for (let times = 0; times < 15; times += 1) {
    await ask();
    await new Promise((settle) => setTimeout(settle, 100));
  }
  expect(world.asked).toBe(2);
  expect(portFor(world, 3000)).toBeDefined();
});

/** As a controller that is not active, and knows who is. */
const naming =
  (leaderId: number): Answer =>
  (heard, response) => {
    response.setHeader("Kafka-Not-Controller", String(leaderId));
    echo(heard, response);
  };

test("the edge is asked at once when one leads that has no port, and again after it could not say", async () => {
  const world = await watched([voter(3000)], { everyMs: 60_000 });
  world.frames = naming(3001);
  world.list = "no list";
  const kafka = await client(portFor(world, 3000));
  kafka.send("who leads");
  await until(() => world.lines.length > 0);
  world.list = [voter(3000), voter(3001)];
  kafka.send("and now?");
  await until(() => portFor(world, 3001) !== undefined);
  expect(world.asked).toBe(3);
});

test.each([
  ["a leader that is no voter", 3001, 2],
  ["a leader that has a port", 3000, 1],
  ["no leader", -1, 1],
])("%s hastens no more than one question", async (_, leaderId, asked) => {
  const world = await watched([voter(3000)], { everyMs: 60_000 });
  world.frames = naming(leaderId);
  const kafka = await client(portFor(world, 3000));
  for (let times = 0; times < 25; times += 1) {
    kafka.send("who leads");
    expect(await kafka.text()).toBe("who leads");
    await new Promise((settle) => setTimeout(settle, 100));
  }
  expect(world.asked).toBe(asked);
});

test("a port in use is said once and tried again, and the others go on", async () => {
  const [own = 0, other = 0] = await freePorts(2);
  const taken = await freePort();
  const server = createServer();
  server.listen(taken, "127.0.0.1");
  await once(server, "listening");
  const world = await watched([voter(3000, own)], { places: OWN_PORTS });
  world.list = [voter(3000, own), voter(3001, taken), voter(3002, other)];
  await until(() => portFor(world, 3002) !== undefined);
  await rounds(world);
  expect(await isServed(other)).toBe(true);
  expect(portFor(world, 3001)).toBeUndefined();
  const said = world.lines.filter((line) => line.includes(`port ${taken} of 127.0.0.1 is in use`));
  expect(said).toHaveLength(1);
  expect(await world.gateway.renderMetrics()).toMatch(
    /port_changes_total\{change="failed"\} [1-9]/,
  );
  // A controller that says nothing meanwhile is still tried.
  world.list = [voter(3000, own), { ...silent(3001), port: taken }, voter(3002, other)];
  await rounds(world);
  server.close();
  await until(() => portFor(world, 3001) === taken);
  expect(await isServed(taken)).toBe(true);
});

test("stopping ends the questions, and a client that takes no answer at a port that is being closed", async () => {
  const world = await watched([voter(3000), voter(3001)]);
  const deaf = await client(portFor(world, 3001));
  deaf.socket.pause();
  for (let times = 0; times < 16; times += 1) deaf.send(Buffer.alloc(1_048_576, 1));
  await until(() => world.metrics.framesAnswered > 0);
  world.list = [voter(3000)];
  await until(() => portFor(world, 3001) === undefined);
  await world.gateway.stop();
  await until(() => world.metrics.connectionsOpen === 0);
  deaf.close();
  const { asked } = world;
  await new Promise((settle) => setTimeout(settle, 200));
  expect(world.asked).toBe(asked);
});
