/** Which deployment a command speaks to, and of which cluster: options that every one of them takes. */
import { existsSync, readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { kedge, type Cluster, type Kedge } from "../client/kedge.ts";
import type { Deployment, Patience } from "../client/caller.ts";
import type { FormedCluster } from "../client/clusters.ts";
import { UsageError } from "./usage-error.ts";

/** Where `kedge up` answers. */
export const EDGE = "http://127.0.0.1:8787";
/** Where `kedge up` leaves an admin's. */
const TOKEN_FILE = ".kedge/admin-token";

/** The options, as commander gives them. */
export interface Asked {
  readonly edge: string;
  readonly tokenFile?: string;
  readonly cluster?: string;
  readonly json?: boolean;
}

/** Adds the options that say where to ask. */
export const asksDeployment = (command: Command): Command =>
  command
    .addOption(new Option("--edge <url>", "the Worker").env("KEDGE_EDGE").default(EDGE))
    .option(
      "--token-file <file>",
      `a file with the token (KEDGE_TOKEN of the environment, else ${TOKEN_FILE})`,
    )
    .option("--json", "JSON on standard output, as the HTTP interface answers it");

/** The same, and which cluster is meant. */
export const asksCluster = (command: Command): Command =>
  asksDeployment(command).addOption(
    new Option("--cluster <id>", "which cluster; the only one unless said").env("KEDGE_CLUSTER"),
  );

/** Where to ask, and with what token: never one from the command line, which every process of the machine can see. */
export function deploymentOf({ edge, tokenFile }: Asked): Deployment {
  if (!/^https?:\/\//.test(edge) || !URL.canParse(edge))
    throw new UsageError(`--edge must be the URL of a Worker, as ${EDGE}`);
  return { url: edge.replace(/\/+$/, ""), token: tokenOf(tokenFile, process.env["KEDGE_TOKEN"]) };
}

/** A file that is named goes before the environment; null where there is none: perhaps nobody is asked who they are. */
function tokenOf(file: string | undefined, token: string | undefined): string | null {
  if (file === undefined && token !== undefined && token !== "") return token;
  if (file === undefined && !existsSync(TOKEN_FILE)) return null;
  try {
    return readFileSync(file ?? TOKEN_FILE, "utf8").trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--token-file: ${reason}`, { cause: error });
  }
}

/** Longer than an election takes, and shorter than whoever typed it waits. */
const PATIENCE: Patience = { attempts: 3, forMs: 2_000 };

/** The deployment's interface. */
export const kedgeAt = (asked: Asked): Kedge => kedge(deploymentOf(asked), PATIENCE);

/** The cluster that is meant: the one that was named, for which no list is needed, or the only one. */
export async function clusterAt(asked: Asked, id = asked.cluster): Promise<FormedCluster> {
  const { clusters: all } = kedgeAt(asked);
  if (id !== undefined) return await all.get(id);
  const clusters = await all.list();
  const [only, another] = clusters;
  if (only === undefined)
    throw new UsageError(`${asked.edge} has no cluster; kedge clusters create forms one`);
  if (another !== undefined)
    throw new UsageError(
      `there are ${clusters.length} clusters; say which with --cluster ID or KEDGE_CLUSTER:\n` +
        clusters.map(({ cluster_id: each }) => `  ${each}`).join("\n"),
    );
  return only;
}

/** The interface of the cluster that is meant. */
export async function askedCluster(asked: Asked): Promise<Cluster> {
  const id = asked.cluster ?? (await clusterAt(asked)).cluster_id;
  return kedgeAt(asked).cluster(id);
}
