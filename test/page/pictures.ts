/**
 * `node test/page/pictures.ts`: the pictures of `docs/page`, taken of a real quorum: a cluster that is well, the same
 * asleep, one that has lost a broker, one of ten thousand partitions by night, one on a phone, and one whose quorum has
 * no majority.
 */
import { mkdir } from "node:fs/promises";
import { jsonBroker } from "../../client/json-broker.ts";
import { clusterClient } from "../../client/cluster-client.ts";
import { startBrowser, visit, type Visitor } from "./browser.ts";
import { crewOf } from "./crew.ts";

const FOLDER = "docs/page";
const TOPICS = { orders: 12, "payments.settled": 24, clicks: 60, audit: 6, "stock-levels": 3 };
/** For all that is asked to arrive, and what is new to lose its mark. */
const SETTLED_MS = 3_500;

await mkdir(FOLDER, { recursive: true });
const crew = await crewOf(5);
const browser = await startBrowser();
try {
  for (const [name, partitions] of Object.entries(TOPICS)) {
    await crew.cluster.topics.create({
      topic_name: name,
      partitions_count: partitions,
      replication_factor: 3,
      configs: [{ name: "retention.ms", value: "86400000" }],
    });
  }
  await crew.cluster.configs.topic("orders").set("cleanup.policy", "compact");
  await picture("cluster");
  await picture("asleep", { colorScheme: "dark" }, '.head p:has-text("Asleep")');

  await crew.brokers[1]?.fallSilent();
  const late = jsonBroker(clusterClient(crew.quorum.edge, crew.clusterId), 6);
  await late.register();
  const gone = '.tile[data-state="fenced"]:has(button) .id:text-is("2")';
  await picture("broker-gone", { viewport: { width: 1280, height: 1040 } }, gone);
  const small = { viewport: { width: 390, height: 844 }, isMobile: true };
  await picture("phone", small, gone);

  await crew.deployment.clusters.change(crew.clusterId, { "broker.session.timeout.ms": 900_000 });
  await Promise.all(crew.brokers.map((broker) => broker.fallSilent()));
  for (const at of [0, 1]) {
    const wish = { partitions_count: 4_950, replication_factor: 3 };
    await crew.cluster.topics.create({ topic_name: `telemetry-${at}`, ...wish });
  }
  const night = { colorScheme: "dark", viewport: { width: 1920, height: 1080 } } as const;
  await picture("ten-thousand", night, ".legend li");

  const { leader_id: leader, controllers } = await crew.cluster.quorum.describe();
  for (const { node_id: id } of controllers)
    if (id !== leader) await crew.cluster.controllers.stop(id);
  await picture("no-majority", {}, '.head p[data-tone="bad"]');
} finally {
  await browser.close();
  await crew.stop();
}

/** Of the cluster, once `awaited` is there. */
async function picture(
  name: string,
  options: Partial<Visitor> = {},
  awaited = ".tile",
): Promise<void> {
  const { url, token } = crew.quorum.edge;
  const { page, end } = await visit(browser, { url, token, hash: crew.hash, ...options });
  await page.locator(awaited).first().waitFor({ timeout: 60_000 });
  await page.waitForTimeout(SETTLED_MS);
  await page.screenshot({ path: `${FOLDER}/${name}.png` });
  console.log(`${FOLDER}/${name}.png`);
  await end();
}
