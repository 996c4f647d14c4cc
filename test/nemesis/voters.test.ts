import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { Voters } from "./voters.ts";

/**
 * What was asked, as `path body`, of a quorum that answers with these statuses in turn, and with the last from then on.
 */
class Quorum {
  readonly asked: string[] = [];
  #server: Server | undefined;

  async open(...statuses: readonly number[]): Promise<Voters> {
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (bytes: Buffer) => (body += bytes.toString()));
      request.on("end", () => {
        this.asked.push(`${request.url?.split("/").at(-1)} ${body}`);
        response.statusCode = statuses[this.asked.length - 1] ?? statuses.at(-1) ?? 201;
        response.end("so it is");
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.#server = server;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server on TCP has no other kind of address
    const { port } = server.address() as AddressInfo;
    const deployment = { url: `http://127.0.0.1:${port}`, token: null };
    return new Voters({ deployment, clusterId: "c", ids: [3000, 3001, 3002], portOf: (id) => id });
  }

  close(): void {
    this.#server?.close();
  }
}

describe("the voters of a run", () => {
  const quorum = new Quorum();
  afterEach(() => {
    quorum.close();
    quorum.asked.length = 0;
  });

  test("are replaced by nodes of ids that were never given, in the place that is free", async () => {
    const voters = await quorum.open(201);
    expect(await voters.replace(3000, 1_000)).toBe(true);
    expect(voters.ids).toEqual([3001, 3002, 3003]);
    expect(await voters.replace(3002, 1_000)).toBe(true);
    expect(voters.ids).toEqual([3001, 3003, 3004]);
    // 3005 would have its place beside 3001.
    expect(await voters.replace(3004, 1_000)).toBe(true);
    expect(voters.ids).toEqual([3001, 3003, 3006]);
    expect(quorum.asked).toEqual([
      '3000:replace?wait_ms=3000 {"node_id":3003,"host":"localhost","port":3003}',
      '3002:replace?wait_ms=3000 {"node_id":3004,"host":"localhost","port":3004}',
      '3004:replace?wait_ms=3000 {"node_id":3006,"host":"localhost","port":3006}',
    ]);
  });

  test("are asked the same again until the change is done, whoever is to be replaced next", async () => {
    const voters = await quorum.open(202, 503, 503, 201);
    expect(await voters.replace(3000, 0)).toBe(false);
    expect(voters.ids).toEqual([3000, 3001, 3002, 3003]);
    expect(voters.reason).toBe("202 so it is");
    expect(await voters.replace(3001, 2_000)).toBe(true);
    expect(voters.ids).toEqual([3001, 3002, 3003]);
    expect(new Set(quorum.asked).size).toBe(1);
  });

  test("have nothing to go on with when no change was begun", async () => {
    const voters = await quorum.open(503);
    expect(await voters.goOn(0)).toBe(true);
    expect(quorum.asked).toEqual([]);
  });
});
