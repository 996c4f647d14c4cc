/**
 * `npm run deploy`: deploys the Worker to Cloudflare with the credentials that wrangler finds, to the top-level
 * environment or to `--env staging`. Nothing is published before every secret that `wrangler.toml` requires is set, or
 * handed over with `--secrets-file`. All arguments go to wrangler (`npm run deploy -- --dry-run`, which asks for no
 * secret).
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { unstable_readConfig } from "wrangler";
import { ROOT } from "../local/checkout.ts";
import { output, run } from "./commands.ts";

interface Deployment {
  /** As wrangler takes it: empty for the top-level one, without which it warns that there are others. */
  readonly environment: string;
  readonly isDryRun: boolean;
  readonly secretsFile: string | undefined;
  /** The Worker's name, when it is not to be that of `wrangler.toml`. */
  readonly name: string | undefined;
}

async function deploy(args: readonly string[]): Promise<number> {
  const deployment = deploymentOf(args);
  const refused = deployment.isDryRun ? null : await refusal(deployment);
  if (refused !== null) {
    console.error(refused);
    return 1;
  }
  const named = args.some((arg) => /^(--env|-e)(=|$)/.test(arg));
  return await run("wrangler", ["deploy", ...(named ? [] : ["--env="]), ...args]);
}

function deploymentOf(args: readonly string[]): Deployment {
  // Not strict: what is wrangler's alone is not known here.
  const { values } = parseArgs({
    args: [...args],
    strict: false,
    options: {
      env: { type: "string", short: "e" },
      "dry-run": { type: "boolean" },
      "secrets-file": { type: "string" },
      name: { type: "string" },
    },
  });
  return {
    environment: text(values.env) ?? "",
    isDryRun: values["dry-run"] === true,
    secretsFile: text(values["secrets-file"]),
    name: text(values.name),
  };
}

const text = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;

/** Why nothing is published, with the command that sets what is missing; null when nothing is. */
async function refusal(deployment: Deployment): Promise<string | null> {
  const { environment, secretsFile, name } = deployment;
  const config = unstable_readConfig(
    { config: join(ROOT, "wrangler.toml"), env: environment },
    { hideWarnings: true },
  );
  const given = secretsFile === undefined ? [] : namesIn(await readFile(secretsFile, "utf8"));
  const required: readonly string[] = config.secrets?.required ?? [];
  const wanted = required.filter((secret) => !given.includes(secret));
  if (wanted.length === 0) return null;
  const where = [`--env=${environment}`, ...(name === undefined ? [] : [`--name=${name}`])];
  const list = await output("wrangler", ["secret", "list", "--format=json", ...where]);
  // 10007: a Worker that was never deployed has no secrets, and wrangler sets none before its first deployment.
  const isNew = list.code !== 0 && list.text.includes("10007");
  if (list.code !== 0 && !isNew) return `${list.text.trim()}\nnothing was deployed`;
  const present = isNew ? [] : secretsIn(list.text);
  const missing = wanted.filter((secret) => !present.includes(secret));
  if (missing.length === 0) return null;
  const names = missing.join(", ");
  const worker = name ?? config.name ?? "the Worker";
  const remedy = isNew
    ? `write ${missing.map((secret) => `${secret}=…`).join(" and ")} into a file outside the checkout, and deploy with ` +
      `npm run deploy -- ${where.join(" ")} --secrets-file FILE`
    : missing.map((secret) => `npx wrangler secret put ${secret} ${where.join(" ")}`).join("; ");
  return `${names} is not set for ${worker}, so nothing was deployed. To set it: ${remedy}`;
}

/** The names in a file of secrets: lines of NAME=value, or JSON. */
function namesIn(file: string): readonly string[] {
  if (file.trimStart().startsWith("{")) {
    const secrets: unknown = JSON.parse(file);
    return typeof secrets === "object" && secrets !== null ? Object.keys(secrets) : [];
  }
  return [...file.matchAll(/^\s*(?:export\s+)?(\w+)[ \t]*=[ \t]*\S/gm)].map(
    ([, name = ""]) => name,
  );
}

/** The names in what `wrangler secret list` prints: an array of JSON, after whatever it says before. */
function secretsIn(printed: string): readonly string[] {
  const listed: readonly { readonly name: string }[] = JSON.parse(
    printed.slice(printed.indexOf("[")),
  );
  return listed.map(({ name }) => name);
}

process.exitCode = await deploy(process.argv.slice(2));
