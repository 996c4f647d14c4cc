/** Lists are whole unless a page is asked for, and have a bound that is said. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restCluster, type RestCluster } from "./rest-cluster.ts";

let cluster: RestCluster;
beforeAll(async () => {
  cluster = await restCluster();
  // They read the log along, which takes longer and longer; and are there for a session yet.
  for (const broker of cluster.brokers) await broker.fallSilent();
  for (const name of ["big-a", "big-b", "big-c"]) {
    const answer = await cluster.ask("POST", "/topics", {
      topic_name: name,
      partitions_count: 7_000,
      replication_factor: 1,
    });
    expect([name, answer.status]).toEqual([name, 201]);
  }
  const names = Array.from({ length: 620 }, (_, at) => `t-${String(at).padStart(4, "0")}`);
  const topics = names.map((name) => ({
    name,
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }));
  await cluster.ask("POST", "/rpc/CreateTopics", { topics });
}, 180_000);
afterAll(() => cluster.stop());

interface List {
  readonly metadata: { readonly next: string | null };
  readonly data: readonly Readonly<Record<string, unknown>>[];
}
const listAt = async (path: string): Promise<List> => {
  const { status, body } = await cluster.ask("GET", path);
  expect([path, status]).toEqual([path, 200]);
  const text = JSON.stringify(body);
  const list: List = JSON.parse(text);
  return list;
};

describe("a list", () => {
  test("is whole where no page is asked for, however many there are", async () => {
    const topics = await listAt("/topics");
    expect([topics.data.length, topics.metadata.next]).toEqual([623, null]);
    const partitions = await listAt("/topics/big-a/partitions");
    expect(partitions.data.map((each) => each["partition_id"])).toEqual(
      Array.from({ length: 7_000 }, (_, at) => at),
    );
    expect(partitions.metadata.next).toBeNull();
  }, 60_000);

  test.each([
    ["/topics", "topic_name", 623, 250],
    ["/topics/big-b/partitions", "partition_id", 7_000, 3_000],
    ["/topics/big-b/configs", "name", 30, 11],
    ["/topics/-/configs", "name", 19_000, 5_000],
    ["/brokers", "broker_id", 3, 2],
  ])(
    "%s has the same items in pages",
    async (path, _field, least, size) => {
      const pages: List["data"][] = [];
      let next: string | null = `${path}?page_size=${size}`;
      while (next !== null) {
        const page: List = await listAt(next);
        expect(page.data.length).toBeLessThanOrEqual(size);
        pages.push(page.data);
        next = page.metadata.next;
      }
      const items = pages.flat();
      expect(items.length).toBeGreaterThanOrEqual(least);
      expect(pages.length).toBe(Math.ceil(items.length / size));
      const keys = items.map((each) => Object(each["metadata"]).self);
      expect(new Set(keys).size).toBe(items.length);
    },
    60_000,
  );

  test("that is too long to be whole is refused, and can be had in pages", async () => {
    const counts: number[] = [];
    for (const id of [1, 2, 3]) {
      let count = 0;
      let next: string | null = `/brokers/${id}/partition-replicas?page_size=5000`;
      while (next !== null) {
        const page: List = await listAt(next);
        count += page.data.length;
        next = page.metadata.next;
      }
      counts.push(count);
    }
    expect(counts.reduce((sum, each) => sum + each, 0)).toBe(21_620);
    const { status, body } = await cluster.ask("GET", "/topics/-/configs");
    expect([status, body]).toMatchObject([400, { error_code: 40007 }]);
    expect(JSON.stringify(body)).toContain("page_size");
  }, 60_000);

  test("refuses a page of no size, and a token that no page gave", async () => {
    for (const query of ["page_size=0", "page_size=5001", "page_size=x", "page_token=%25%25"])
      expect((await cluster.ask("GET", `/topics?${query}`)).status).toBe(400);
  });
});
