/**
 * The gateway's end of a relay, between an edge and controllers that do as each test says: frames are carried as they
 * are, each ask has one answer or a sentence, and whatever ends is opened again.
 */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { NO_CREDENTIALS } from "../../gateway/edge/credentials.ts";
import { EdgeClient } from "../../gateway/edge/edge-client.ts";
import { readCommand } from "../../gateway/command-line.ts";
import { ObservedQuorum } from "../../gateway/relay/observed-quorum.ts";
import { RelayMetrics } from "../../gateway/relay/relay-metrics.ts";
import { Relay } from "../../gateway/relay/relay.ts";
import { FrameCutter, sizePrefix } from "../../gateway/tcp/frame-cutter.ts";
import {
  readFromRelay,
  relayMessage,
  type FromObserver,
  type FromRelay,
} from "../../src/link/index.ts";
import { CLUSTER_ID, atEnd } from "./harness.ts";

const OBSERVER = 9_000;
const bytes = (text: string): Uint8Array => Buffer.from(text);

/** A server whose answer to a frame is what `handle` says; null for none. */
async function controller(handle: (frame: string, socket: Socket) => string | null) {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    const cutter = new FrameCutter(1_000_000);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk: Uint8Array) => {
      for (const frame of cutter.push(chunk)) {
        const answer = handle(Buffer.from(frame).toString(), socket);
        if (answer === null) continue;
        socket.write(sizePrefix(bytes(answer)));
        socket.write(answer);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const found = server.address();
  const port = typeof found === "object" && found !== null ? found.port : 0;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, "close");
  };
  atEnd(close);
  return { at: { host: "127.0.0.1", port }, sockets, close };
}

/** The observer's end. */
class ObserverEnd {
  readonly socket: WebSocket;
  readonly arrived: FromRelay[] = [];
  closing: string | null = null;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data) => {
      if (data instanceof Uint8Array) this.arrived.push(readFromRelay(data));
    });
    socket.on("close", (code, reason) => {
      this.closing = `${code} ${reason.toString()}`;
    });
  }

  say(envelope: FromObserver): void {
    this.socket.send(relayMessage(envelope));
  }

  hello(clusterId = CLUSTER_ID): void {
    this.say({
      kind: "hello",
      greeting: JSON.stringify({ cluster_id: clusterId, node_id: OBSERVER }),
    });
  }

  answerTo(correlation: number): Promise<string> {
    return vi.waitFor(() => {
      const found = this.arrived.find((each) => each.correlation === correlation);
      if (found === undefined) throw new Error(`no answer to ${correlation}`);
      return found.kind === "answer"
        ? Buffer.from(found.frame).toString()
        : `failed: ${found.sentence}`;
    }, 10_000);
  }
}

async function edge() {
  const ends: ObserverEnd[] = [];
  const urls: string[] = [];
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (socket, { url = "" }) => {
    urls.push(url);
    const end = new ObserverEnd(socket);
    ends.push(end);
    end.hello();
  });
  await once(server, "listening");
  const found = server.address();
  const port = typeof found === "object" && found !== null ? found.port : 0;
  atEnd(() => {
    for (const { socket } of ends) socket.terminate();
    server.close();
  });
  const end = (at: number): Promise<ObserverEnd> =>
    vi.waitFor(() => ends[at] ?? Promise.reject(new Error(`no relay ${at}`)), 10_000);
  return { url: `http://127.0.0.1:${port}`, ends, urls, end };
}

function relayTo(
  url: string,
  servers: readonly { readonly host: string; readonly port: number }[],
) {
  const lines: string[] = [];
  const metrics = new RelayMetrics();
  const quorum = new ObservedQuorum(servers);
  const client = new EdgeClient({
    edge: url,
    credentials: NO_CREDENTIALS,
    answerBytesMax: 1_048_576,
  });
  const log = (line: string): void => void lines.push(line);
  const parts = { client, clusterId: CLUSTER_ID, nodeId: OBSERVER, quorum, metrics, log };
  const relay = new Relay(parts);
  atEnd(() => relay.stop());
  return { relay, metrics, quorum, lines };
}

const ask = (
  correlation: number,
  to: { host: string; port: number } | null,
  text = `ask-${correlation}`,
): FromObserver => ({
  kind: "ask",
  correlation,
  to,
  frame: bytes(text.padEnd(8, ".")),
});

describe("frames", () => {
  test("go to any server or to the one that is named, and their answers come back as they are", async () => {
    const any = await controller((frame) => `any ${frame}`);
    const named = await controller((frame) => `named ${frame}`);
    const { url, end, urls } = await edge();
    const { relay, metrics } = relayTo(url, [any.at]);
    const observer = await end(0);
    observer.say(ask(1, null));
    expect(await observer.answerTo(1)).toBe("any ask-1...");
    observer.say(ask(2, named.at));
    expect(await observer.answerTo(2)).toBe("named ask-2...");
    expect(relay.problem()).toBeNull();
    expect(urls[0]).toMatch(
      new RegExp(`/clusters/${CLUSTER_ID}/controllers/9000/relay\\?gateway_id=[\\w-]{36}$`),
    );
    expect(metrics.render(2, performance.now())).toMatch(/^kedge_relay_open 1$/m);
    expect(metrics.render(2, performance.now())).toMatch(/^kedge_relay_frames_total 2$/m);
  });

  test("to any server go to the next one after each that failed", async () => {
    const dead = await controller(() => null);
    await dead.close();
    const alive = await controller((frame) => `alive ${frame}`);
    const { url, end } = await edge();
    const { relay, lines } = relayTo(url, [dead.at, alive.at]);
    const observer = await end(0);
    observer.say(ask(1, null));
    expect(await observer.answerTo(1)).toMatch(/^failed: 127\.0\.0\.1:\d+: connect ECONNREFUSED/);
    expect(relay.problem()).toMatch(/ECONNREFUSED/);
    observer.say(ask(2, null));
    expect(await observer.answerTo(2)).toBe("alive ask-2...");
    expect(lines.filter((line) => line.includes("ECONNREFUSED"))).toHaveLength(1);
  });

  test("that nobody waits for any more are given up with their connection, and the next one is not held up", async () => {
    const slow = await controller((frame) => (frame.startsWith("slow") ? null : `to ${frame}`));
    const { url, end } = await edge();
    relayTo(url, [slow.at]);
    const observer = await end(0);
    observer.say(ask(1, slow.at, "slow-one"));
    await vi.waitFor(() => expect(slow.sockets.size).toBe(1));
    observer.say({ kind: "drop", correlation: 1 });
    expect(await observer.answerTo(1)).toMatch(/the observer waits no longer$/);
    observer.say(ask(2, slow.at, "slow-two"));
    observer.say(ask(3, slow.at));
    expect(await observer.answerTo(2)).toMatch(/the observer asks anew$/);
    expect(await observer.answerTo(3)).toBe("to ask-3...");
  });

  test.each([
    [
      "a size that no answer has",
      (socket: Socket) => void socket.write(Buffer.alloc(8, 0x7f)),
      /a frame of \d+ bytes/,
    ],
    [
      "an alert of TLS",
      (socket: Socket) => void socket.write(Buffer.from("1503030002022800", "hex")),
      /speaks PLAINTEXT/,
    ],
    ["the end", (socket: Socket) => void socket.end(), /it closed the connection/],
  ])("whose answer is %s have none", async (_, act, sentence) => {
    const rude = await controller((frame, socket) => {
      if (!frame.startsWith("rude")) return `to ${frame}`;
      act(socket);
      return null;
    });
    const { url, end } = await edge();
    relayTo(url, [rude.at]);
    const observer = await end(0);
    observer.say(ask(1, null, "rude-one"));
    expect(await observer.answerTo(1)).toMatch(sentence);
    observer.say(ask(2, null));
    expect(await observer.answerTo(2)).toBe("to ask-2...");
  });

  test("reach no more than so many controllers at once", async () => {
    const many = await Promise.all(
      Array.from({ length: 20 }, () => controller((frame) => `to ${frame}`)),
    );
    const { url, end } = await edge();
    const { quorum } = relayTo(url, [{ host: "127.0.0.1", port: 1 }]);
    const observer = await end(0);
    for (const [at, { at: address }] of many.entries()) {
      observer.say(ask(at + 1, address));
      expect(await observer.answerTo(at + 1)).toMatch(/^to /);
    }
    expect(quorum.connectionsOpen).toBeLessThanOrEqual(16);
  });
});

describe("a relay", () => {
  test("that ends is opened again, and frames go on", async () => {
    const only = await controller((frame) => `to ${frame}`);
    const { url, end } = await edge();
    const { relay, lines } = relayTo(url, [only.at]);
    (await end(0)).socket.close(1012, "the object moved");
    await vi.waitFor(() => expect(relay.problem()).toMatch(/the object moved/));
    const again = await end(1);
    again.say(ask(1, null));
    expect(await again.answerTo(1)).toBe("to ask-1...");
    expect(lines.join("\n")).toMatch(/is not connected: the object moved/);
  });

  test("of another observer's, or that speaks otherwise, is closed in words", async () => {
    const { url, ends, end } = await edge();
    relayTo(url, [{ host: "127.0.0.1", port: 1 }]);
    (await end(0)).hello("another");
    await vi.waitFor(() =>
      expect(ends[0]?.closing).toMatch(/^1002 a hello is not from the observer/),
    );
    (await end(1)).socket.send("text");
    await vi.waitFor(() => expect(ends[1]?.closing).toMatch(/^1002 a relay speaks in binary/));
    (await end(2)).socket.send(Uint8Array.of(1, 9, 0, 0, 0, 0));
    await vi.waitFor(() => expect(ends[2]?.closing).toMatch(/^1002 an envelope of kind 9/));
  });

  test("carries so many calls at a time, and no more", async () => {
    const silent = await Promise.all(Array.from({ length: 17 }, () => controller(() => null)));
    const { url, ends, end } = await edge();
    relayTo(url, [{ host: "127.0.0.1", port: 1 }]);
    const observer = await end(0);
    for (const [at, { at: address }] of silent.entries()) observer.say(ask(at + 1, address));
    await vi.waitFor(() => expect(ends[0]?.closing).toBe("1002 more than 16 calls"));
  });

  test("that stops lets go of everything", async () => {
    const silent = await controller(() => null);
    const { url, ends, end } = await edge();
    const { relay, quorum } = relayTo(url, [silent.at]);
    (await end(0)).say(ask(1, null));
    await vi.waitFor(() => expect(silent.sockets.size).toBe(1));
    relay.stop();
    await vi.waitFor(() => expect([silent.sockets.size, quorum.connectionsOpen]).toEqual([0, 0]));
    await vi.waitFor(() => expect(ends[0]?.closing).toBe("1000 the gateway stops"));
    await pause(400);
    expect(ends).toHaveLength(1);
  });
});

const read = (...args: readonly string[]) => readCommand(args, { KEDGE_TOKEN: "t" });

describe("the command line", () => {
  test("names the servers, the cluster and the edge", () => {
    expect(read("--cluster", CLUSTER_ID)).toMatchObject({ kind: "serve" });
    expect(read("--observe", "a:9093, [::1]:9094", "--cluster", CLUSTER_ID)).toMatchObject({
      kind: "observe",
      servers: [
        { host: "a", port: 9_093 },
        { host: "::1", port: 9_094 },
      ],
      clusterId: CLUSTER_ID,
      edge: "http://127.0.0.1:8787",
      credentials: { token: "t" },
    });
    expect(read("--observe", "", "--help")).toBe("help");
  });

  test.each([
    [["--observe", "a:1"], "--cluster is missing"],
    [["--observe", " , ", "--cluster", CLUSTER_ID], "--observe names no controller: HOST:PORT,…"],
    [["--observe", "a", "--cluster", CLUSTER_ID], "a is not HOST:PORT"],
    [["--observe", "a:0", "--cluster", CLUSTER_ID], "--observe: a has no port"],
    [
      ["--observe", "a:1", "--cluster", CLUSTER_ID, "--listen", "b:2"],
      "--listen means nothing to a gateway that observes a quorum",
    ],
    [["--observe", "a:1,".repeat(33), "--cluster", CLUSTER_ID], "--observe names more than 32"],
  ])("%j is refused: %s", (args, sentence) => {
    expect(() => read(...args)).toThrow(sentence);
  });
});
