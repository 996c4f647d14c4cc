/** The page in Chromium over a real quorum: what it shows, what it does, and how it bears what goes wrong. */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { violationsIn } from "./accessibility.ts";
import { startBrowser, visit, type Visit, type Visitor } from "./browser.ts";
import { crewOf, type Crew } from "./crew.ts";

let crew: Crew;
let browser: Browser;
const visits: Visit[] = [];

beforeAll(async () => {
  [crew, browser] = await Promise.all([crewOf(4), startBrowser()]);
  await crew.cluster.topics.create({
    topic_name: "orders",
    partitions_count: 6,
    replication_factor: 3,
  });
}, 120_000);
afterEach(async () => {
  for (const { complaints, origins, end } of visits.splice(0)) {
    expect(complaints).toEqual([]);
    expect([...origins]).toEqual([crew.quorum.edge.url]);
    await end();
  }
});
afterAll(async () => {
  await browser.close();
  await crew.stop();
});

/** With an admin's token and the cluster open, unless said. */
async function opened(visitor: Partial<Visitor> = {}): Promise<Page> {
  const { url, token } = crew.quorum.edge;
  const visited = await visit(browser, { url, token, hash: crew.hash, ...visitor });
  visits.push(visited);
  return visited.page;
}

const lane = (page: Page, role: string) => page.locator(`.lane[data-role="${role}"]`);
const tile = (page: Page, id: number) =>
  page.locator(".tile", { has: page.getByText(String(id), { exact: true }) });
/** Runs in the page: whoever looks at the session's storage is refused. */
const denied = (): void => {
  Object.defineProperty(globalThis, "sessionStorage", {
    get: () => {
      throw new DOMException("denied", "SecurityError");
    },
  });
};
/** Runs in the page: by how much it is wider than its window. */
const overflow = (): number =>
  document.documentElement.scrollWidth - document.documentElement.clientWidth;
/** Runs in the page: words on a button stay on one line. */
const tallestButton = (): number =>
  Math.max(...[...document.querySelectorAll("button")].map(({ offsetHeight }) => offsetHeight));
const enter = async (page: Page, token: string): Promise<void> => {
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Enter" }).click();
};

describe("the door", () => {
  test("asks for a token, says why one does not let in, and opens for one that does", async () => {
    const page = await opened({ token: null });
    await enter(page, "sesame");
    await page.getByText("This is no token of kedge").waitFor();
    const { token } = crew.quorum.edge;
    await enter(page, `${(token ?? "").slice(0, -8)}AAAAAAAA`);
    await page.getByText("The token does not hold: it was changed, or cut.").waitFor();
    await enter(page, token ?? "");
    await lane(page, "leader").waitFor();
    await page.reload();
    await lane(page, "leader").waitFor();
    await page.getByRole("button", { name: "Leave" }).click();
    await page.getByLabel("Token").waitFor();
  });

  test("lets in where the browser denies storage", async () => {
    const page = await opened({ token: null, before: denied });
    await enter(page, crew.quorum.edge.token ?? "");
    await lane(page, "leader").waitFor();
  });

  test("asks again when the token expires on the page, and says so", async () => {
    const token = await crew.quorum.edge.mint({
      role: "viewer",
      cluster: crew.clusterId,
      principal: "guest",
      lifetimeS: 6,
    });
    const page = await opened({ token });
    await lane(page, "leader").waitFor();
    await page.getByText("The token has expired. Enter another one to go on.").waitFor();
    await enter(page, crew.quorum.edge.token ?? "");
    await lane(page, "leader").waitFor();
  });

  test("shows a viewer nothing that a viewer may not do", async () => {
    const wish = { role: "viewer", cluster: crew.clusterId, principal: "guest" } as const;
    const page = await opened({ token: await crew.quorum.edge.mint(wish), hash: "" });
    await lane(page, "leader").waitFor();
    await tile(page, 1).waitFor();
    for (const name of ["Create topic…", "Fork…", "Fail over now…", "Fence…", "Unregister…"])
      expect(await page.getByRole("button", { name }).count()).toBe(0);
  });
});

describe("a cluster", () => {
  test("is shown with its lanes, tiles, partitions and log, and follows what comes", async () => {
    const page = await opened();
    await page.locator(".heard", { hasText: /^live$/ }).waitFor();
    expect(await page.locator(".lane").count()).toBe(3);
    expect(await page.locator('.tile[data-state="running"]').count()).toBe(4);
    await page.getByRole("link", { name: "orders" }).waitFor();
    await crew.cluster.topics.create({
      topic_name: "late",
      partitions_count: 2,
      replication_factor: 2,
    });
    await page.locator(".line", { hasText: "late was created" }).waitFor();
    await page.getByRole("link", { name: "late" }).waitFor();
    // Brokers and partitions are of one moment: they come over one socket.
    const sockets = visits.flatMap((each) => each.sockets);
    expect(sockets.map((url) => url.slice(url.lastIndexOf("/")))).toEqual(["/reads"]);
  });

  test("says in whole sentences what it costs", async () => {
    const bare = await crew.deployment.clusters.form({ voters: 1 });
    const page = await opened({ hash: `#/clusters/${bare.cluster_id}` });
    const cost = page.locator("section", { hasText: "What it costs" }).locator("p");
    await cost.filter({ hasText: /^About \$[\d.]+ a month/ }).waitFor();
    expect(await cost.textContent()).toContain("and 0 brokers behind one gateway. A plan's base");
    await crew.deployment.clusters.delete(bare.cluster_id);
  });

  test("gets a topic from the page, and a refusal is read where it was asked for", async () => {
    const page = await opened();
    await page.getByRole("button", { name: "Create topic…" }).click();
    await page.getByLabel("Name").fill("from-the-page");
    await page.getByLabel("Replication factor").fill("9");
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await page.locator("dialog", { hasText: "INVALID_REPLICATION_FACTOR" }).waitFor();
    await page.getByLabel("Replication factor").fill("2");
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await page.getByRole("heading", { name: "from-the-page" }).waitFor();
    await page.getByRole("button", { name: "Set retention.ms" }).click();
    await page.locator("dialog input").fill("1234567");
    await page.getByRole("button", { name: "Set", exact: true }).click();
    await page.locator("tr.set", { hasText: "1234567" }).waitFor();
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.getByLabel("Type its name").fill("another");
    await page.getByRole("button", { name: "Delete for ever" }).click();
    await page.locator("dialog", { hasText: "nothing was deleted" }).waitFor();
    await page.getByLabel("Type its name").fill("from-the-page");
    await page.getByRole("button", { name: "Delete for ever" }).click();
    await lane(page, "leader").waitFor();
  });

  test("fails over from the page, which says in how many milliseconds", async () => {
    const page = await opened();
    const before = await crew.cluster.quorum.describe();
    await page.getByRole("button", { name: "Fail over now…" }).click();
    await page.getByRole("button", { name: `Restart ${before.leader_id}` }).click();
    const answer = page.locator('dialog .answer[data-tone="good"]');
    await answer.waitFor({ timeout: 60_000 });
    expect(await answer.textContent()).toMatch(
      /^Controller \d{4} leads in epoch \d+ after [\d,]+ ms/,
    );
    expect((await crew.cluster.quorum.describe()).leader_epoch).toBeGreaterThan(
      before.leader_epoch,
    );
    await page.getByRole("button", { name: "Close" }).click();
    await page.locator(".line", { hasText: "was elected and leads the quorum" }).first().waitFor();
  });

  test("fences a broker that lives, says so, and shows it come back with its next heartbeat", async () => {
    const page = await opened();
    await tile(page, 2).waitFor();
    const sessionMs = (ms: number) =>
      crew.deployment.clusters.change(crew.clusterId, { "broker.session.timeout.ms": ms });
    await sessionMs(60_000);
    await crew.brokers[1]?.fallSilent();
    await page.getByRole("button", { name: "Fence… broker 2" }).press("Enter");
    await page.getByRole("dialog", { name: "Fence broker 2?" }).waitFor();
    await page.getByText(/comes back with its next heartbeat/).waitFor();
    expect(await violationsIn(page)).toEqual([]);
    await page.getByRole("button", { name: "Fence", exact: true }).press("Enter");
    const answer = page.locator('dialog .answer[data-tone="good"]');
    await answer.waitFor();
    expect(await answer.textContent()).toMatch(
      /^Broker 2 is fenced after [\d,]+ ms, as this page saw it\. \d+ partitions? go(?:es)? on without it\.$/,
    );
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.locator('.tile[data-state="fenced"] .id', { hasText: /^2$/ }).waitFor();
    await page.getByRole("button", { name: "Unregister… broker 2" }).waitFor();
    const line = page.locator(".line", { hasText: "broker 2 was fenced" });
    expect(await line.first().textContent()).toContain("FenceBroker");
    crew.brokers[1]?.keepAlive();
    await sessionMs(9_000);
    await page.locator('.tile[data-state="running"] .id', { hasText: /^2$/ }).waitFor();
    const fenced = await line.first().boundingBox();
    const back = page.locator(".line", { hasText: "broker 2 has caught up and runs" }).first();
    // The newest is on top.
    expect((await back.boundingBox())?.y).toBeLessThan(fenced?.y ?? 0);
  });

  test("shows a broker that dies", async () => {
    const page = await opened();
    await tile(page, 4).waitFor();
    await crew.brokers[3]?.fallSilent();
    await page.locator('.tile[data-state="fenced"]').waitFor({ timeout: 40_000 });
    await page.locator(".line", { hasText: "broker 4 was fenced" }).waitFor();
    await page.locator(".legend", { hasText: "under-replicated" }).waitFor();
    await page.getByRole("button", { name: "Unregister…" }).click();
    await page.getByRole("button", { name: "Unregister", exact: true }).click();
    await page.locator(".line", { hasText: "broker 4 was unregistered" }).waitFor();
    await tile(page, 4).waitFor({ state: "detached" });
    expect(await page.locator(".tile").count()).toBe(3);
  });
});

describe("what goes wrong", () => {
  test("a feed that is cut is said with its age, looks old, and is live again afterwards", async () => {
    const page = await opened();
    await page.locator(".heard", { hasText: /^live$/ }).waitFor();
    await page.route("**/kafka/**", (route) => route.abort());
    await page.locator(".heard", { hasText: /^cut off: this is \d+ s old/ }).waitFor();
    expect(await page.locator("main[data-stale]").count()).toBe(1);
    await page.unroute("**/kafka/**");
    await page.locator(".heard", { hasText: /^live$/ }).waitFor();
    expect(await page.locator("main[data-stale]").count()).toBe(0);
    await crew.cluster.topics.create({
      topic_name: "after-the-cut",
      partitions_count: 1,
      replication_factor: 1,
    });
    await page.locator(".line", { hasText: "after-the-cut was created" }).waitFor();
  });

  test("markup in names and values is text", async () => {
    const markup = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await crew.cluster.configs.topic("orders").set("follower.replication.throttled.replicas", "*");
    await crew.cluster.clientQuotas.alter([
      {
        entity: [{ entity_type: "user", entity_name: markup }],
        quotas: { producer_byte_rate: 1 },
      },
    ]);
    await crew.cluster.rpc("BrokerRegistration", {
      brokerId: 77,
      clusterId: crew.clusterId,
      incarnationId: "AAAAAAAAAAAAAAAAAAAAdw",
      listeners: [{ name: "PLAINTEXT", host: markup, port: 9092, securityProtocol: 0 }],
      features: [
        { name: "group.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
        { name: "kraft.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
        { name: "metadata.version", minSupportedVersion: 7, maxSupportedVersion: 25 },
        { name: "transaction.version", minSupportedVersion: 0, maxSupportedVersion: 2 },
      ],
      rack: markup,
      isMigratingZkBroker: false,
      logDirs: ["AAAAAAAAAAAAAAAAAAAAeA"],
      previousBrokerEpoch: -1,
    });
    const page = await opened();
    await page.locator(".tile .where", { hasText: markup }).waitFor();
    await page.locator(".line", { hasText: markup }).first().waitFor();
    expect(await page.locator("main img, main script").count()).toBe(0);
    expect(await page.title()).toBe(`${crew.clusterId} · kedge`);
    await page.goto(
      `${crew.quorum.edge.url}/#/clusters/${crew.clusterId}/topics/${encodeURIComponent(markup)}`,
    );
    await page.getByRole("heading", { name: markup }).waitFor();
    await page.goto(`${crew.quorum.edge.url}/#/clusters/${encodeURIComponent(markup)}`);
    await page.getByRole("alert").waitFor();
    await crew.cluster.brokers.unregister(77);
  });

  test("a name of 249 characters leaves the page as wide as it is", async () => {
    const name = "long.".repeat(49) + "name";
    expect(name).toHaveLength(249);
    await crew.cluster.topics.create({
      topic_name: name,
      partitions_count: 1,
      replication_factor: 1,
    });
    for (const width of [320, 1280]) {
      const page = await opened({ viewport: { width, height: 800 } });
      await page.getByRole("link", { name }).waitFor();
      expect(await page.evaluate(overflow)).toBe(0);
      await page.getByRole("link", { name }).click();
      await page.getByRole("heading", { name }).waitFor();
      await page.locator("tbody tr").first().waitFor();
      expect(await page.evaluate(overflow)).toBe(0);
      expect(await page.evaluate(tallestButton)).toBeLessThan(48);
    }
    await crew.cluster.topics.delete(name);
  });

  test("a cluster or a topic that is not there is said in a sentence", async () => {
    const page = await opened({ hash: "#/clusters/AAAAAAAAAAAAAAAAAAAAAA" });
    await page.getByRole("heading", { name: "Not here" }).waitFor();
    await page.goto(`${crew.quorum.edge.url}/${crew.hash}/topics/none`);
    await page.getByText(/topic/i).first().waitFor();
    await page.locator('.head p[data-tone="bad"]').waitFor();
  });
});

describe("with the keyboard", () => {
  test("one skips to the content, walks the map, and opens a topic", async () => {
    const page = await opened();
    await page.getByRole("link", { name: "orders" }).waitFor();
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.className)).toBe("skip");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");
    await page.locator("canvas").focus();
    await page.keyboard.press("ArrowRight");
    const first = await page.locator(".readout").textContent();
    await page.keyboard.press("ArrowRight");
    expect(first).toMatch(/-\d+ · /);
    expect(await page.locator(".readout").textContent()).not.toBe(first);
    await page.keyboard.press("Enter");
    await page.locator("table").first().waitFor();
  });

  test.each(["light", "dark"] as const)("axe finds nothing wrong, %s", async (colorScheme) => {
    const asked = await opened({ colorScheme, token: null });
    await asked.getByLabel("Token").waitFor();
    expect(await violationsIn(asked)).toEqual([]);
    const page = await opened({ colorScheme, reducedMotion: "reduce" });
    await page.getByRole("link", { name: "orders" }).waitFor();
    expect(await violationsIn(page)).toEqual([]);
    await page.getByRole("button", { name: "Create topic…" }).click();
    expect(await violationsIn(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "orders" }).click();
    await page.locator("tbody tr").first().waitFor();
    expect(await violationsIn(page)).toEqual([]);
    await page.getByRole("link", { name: "kedge, all clusters" }).click();
    await page.locator('.cluster[data-tone="good"]').waitFor();
    expect(await violationsIn(page)).toEqual([]);
  });
});

/** Last, since every broker has to read the log to its end. */
test("ten thousand partitions are a map, and not ten thousand elements", async () => {
  await crew.deployment.clusters.change(crew.clusterId, { "broker.session.timeout.ms": 900_000 });
  await Promise.all(crew.brokers.map((broker) => broker.fallSilent()));
  for (const at of [0, 1]) {
    const wish = { topic_name: `many-${at}`, partitions_count: 5_000, replication_factor: 1 };
    await crew.cluster.topics.create(wish);
  }
  const page = await opened();
  await page.locator(".readout", { hasText: /^10,0\d\d partitions/ }).waitFor();
  await page.locator(".legend", { hasText: /well$/ }).waitFor();
  expect(await page.evaluate(() => document.querySelectorAll("*").length)).toBeLessThan(2_500);
  const box = await page.locator("canvas").boundingBox();
  await page.mouse.move((box?.x ?? 0) + 40, (box?.y ?? 0) + 20);
  expect(await page.locator(".readout").textContent()).toMatch(/-\d+ · /);
  await page.goto(`${crew.quorum.edge.url}/${crew.hash}/topics/many-0`);
  await page.getByText("and 4,500 more, none worse than these").waitFor();
  await page.getByLabel("kedge, all clusters").waitFor();
});
