/** `kedge doctor`: looks for what does not fit, from the broker's settings to the leader, and says how to mend it. */
import { readFile } from "node:fs/promises";
import { Command } from "commander";
import {
  asksCluster,
  askedCluster,
  clusterAt,
  deploymentOf,
  kedgeAt,
  type Asked,
} from "../deployment.ts";
import { printJson } from "../table-of-text.ts";
import { UsageError } from "../usage-error.ts";
import { examineEdge } from "./edge.ts";
import type { Finding } from "./finding.ts";
import { examineGateway } from "./gateway.ts";
import { examineProperties, readProperties, type Properties } from "./properties.ts";
import { examineQuorum } from "./quorum.ts";

interface Given extends Asked {
  readonly properties?: string;
  readonly gatewayStatus: string;
  readonly gatewayHost?: string;
  readonly gateway: boolean;
}

export const doctor = (): Command =>
  asksCluster(new Command("doctor"))
    .summary("looks for what does not fit, and says in a sentence how to mend it")
    .option("--properties <file>", "a broker's server.properties, to be held against the cluster")
    .option("--gateway-status <url>", "the gateway's status page", "http://127.0.0.1:9190")
    .option("--gateway-host <host>", "where the gateway listens, if not where the cluster says")
    .option("--no-gateway", "there is none on this machine")
    .action(run);

const MARKS = { well: "✓", odd: "!", ill: "✗" } as const;

async function run(given: Given): Promise<void> {
  const findings = await examine(given);
  if (given.json === true) printJson(findings);
  else
    for (const { state, what, mend } of findings)
      console.log(`${MARKS[state]} ${what}${mend === undefined ? "" : `\n  ${mend}`}`);
  if (findings.some(({ state }) => state === "ill")) process.exitCode = 1;
}

async function examine(given: Given): Promise<readonly Finding[]> {
  const properties = await propertiesIn(given.properties);
  const { findings, answers } = await examineEdge(deploymentOf(given));
  if (!answers) return findings;
  const formed = await clusterAt(given);
  const cluster = await askedCluster({ ...given, cluster: formed.cluster_id });
  const place = {
    statusUrl: given.gatewayStatus.replace(/\/+$/, ""),
    host: given.gatewayHost,
    isTls: /(^|,)\s*\w+:(SSL|SASL_SSL)/.test(controllerProtocol(properties)),
  };
  return [
    ...findings,
    ...(await examineQuorum(kedgeAt(given), cluster)),
    ...(given.gateway ? await examineGateway(place, formed) : []),
    ...(properties === null ? [] : examineProperties(properties, formed)),
  ];
}

async function propertiesIn(file: string | undefined): Promise<Properties | null> {
  if (file === undefined) return null;
  try {
    return readProperties(await readFile(file, "utf8"));
  } catch (error) {
    throw new UsageError(
      `--properties: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** The entry of the protocol map for the controllers' listener, as `CONTROLLER:SSL`. */
function controllerProtocol(properties: Properties | null): string {
  const [name = ""] = (properties?.get("controller.listener.names") ?? "").split(",");
  const map = (properties?.get("listener.security.protocol.map") ?? "").split(",");
  return map.find((entry) => entry.trim().startsWith(`${name}:`)) ?? "";
}
