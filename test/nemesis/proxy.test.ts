import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FaultProxy } from "./proxy.ts";

const A_MOMENT_MS = 60;
const moment = (): Promise<void> => new Promise((settle) => setTimeout(settle, A_MOMENT_MS));

/** A server that says everything back, and a connection to it through a proxy; what has arrived at either end. */
class Echo {
  readonly proxy = new FaultProxy();
  readonly there = this.proxy.way("a", "b");
  readonly back = this.proxy.way("b", "a");
  asked = "";
  answered = "";
  #server: Server | undefined;
  #socket: Socket | undefined;
  readonly #accepted: Socket[] = [];

  async open(): Promise<Socket> {
    const server = createServer((far) => {
      this.#accepted.push(far);
      far.on("error", () => undefined);
      far.on("data", (bytes) => {
        this.asked += bytes.toString();
        far.write(bytes);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.#server = server;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server on TCP has no other kind of address
    const { port } = server.address() as AddressInfo;
    const socket = connect(await this.proxy.open("a", "b", () => port), "127.0.0.1");
    socket.on("data", (bytes) => (this.answered += bytes.toString()));
    socket.on("error", () => undefined);
    await once(socket, "connect");
    this.#socket = socket;
    return socket;
  }

  /** The server drops every connection, as a process does that ends. */
  dropAll(): void {
    for (const far of this.#accepted) far.destroy();
  }

  async close(): Promise<void> {
    this.#socket?.destroy();
    await this.proxy.close();
    this.#server?.close();
  }
}

describe("the fault proxy", () => {
  let echo: Echo;
  let socket: Socket;
  beforeEach(async () => {
    echo = new Echo();
    socket = await echo.open();
  });
  afterEach(() => echo.close());

  test("hands on both ways", async () => {
    socket.write("one");
    await expect.poll(() => echo.answered).toBe("one");
    expect([echo.there.held, echo.there.delayed]).toEqual([0, 0]);
  });

  test("holds what goes there, and hands it on late, whole and in order", async () => {
    echo.there.hold();
    socket.write("one ");
    await moment();
    socket.write("two");
    await moment();
    expect(echo.asked).toBe("");
    expect(echo.there.held).toBe(2);
    echo.there.release(false);
    await expect.poll(() => echo.answered).toBe("one two");
  });

  test("holds what comes back while requests still arrive", async () => {
    echo.back.hold();
    socket.write("one");
    await expect.poll(() => echo.asked).toBe("one");
    await moment();
    expect(echo.answered).toBe("");
    echo.back.release(false);
    await expect.poll(() => echo.answered).toBe("one");
  });

  test("passes nothing until each of two that hold it has released it", async () => {
    echo.there.hold();
    echo.there.hold();
    socket.write("one");
    await moment();
    echo.there.release(false);
    await moment();
    expect(echo.asked).toBe("");
    echo.there.release(false);
    await expect.poll(() => echo.asked).toBe("one");
  });

  test("breaks a connection that has something held, in place of handing it on", async () => {
    const closed = once(socket, "close");
    echo.there.hold();
    socket.write("one");
    await moment();
    echo.there.release(true);
    await closed;
    await moment();
    expect(echo.asked).toBe("");
  });

  test("hides while it holds that the other end is gone", async () => {
    let isClosed = false;
    socket.on("close", () => (isClosed = true));
    socket.write("one");
    await expect.poll(() => echo.answered).toBe("one");
    echo.back.hold();
    echo.dropAll();
    await moment();
    expect(isClosed).toBe(false);
    echo.back.release(false);
    await expect.poll(() => isClosed).toBe(true);
  });

  test("delays each way by itself", async () => {
    echo.there.slow(200);
    const sentMs = performance.now();
    socket.write("one");
    await expect.poll(() => echo.answered).toBe("one");
    expect(performance.now() - sentMs).toBeGreaterThanOrEqual(195);
    expect([echo.there.delayed, echo.back.delayed]).toEqual([1, 0]);
    echo.there.slow(-200);
    expect(echo.there.delayMs).toBe(0);
  });
});
