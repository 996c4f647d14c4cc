/**
 * `kedge token`: makes a token from a secret, without asking anybody. The token alone goes to standard output, to
 * be kept in a file or a variable; what it is goes to standard error. The secret comes from a file or the environment,
 * never from an argument: those are in every list of processes.
 */
import { readFile } from "node:fs/promises";
import { Command } from "commander";
import type { MadeToken } from "../client/tokens.ts";
import { minted } from "../local/secret.ts";
import {
  ANY_CLUSTER,
  isRole,
  LIFETIME_S_MAX,
  ROLE_NAMES,
  ROLES,
  type Claims,
  type TokenRequest,
} from "../src/access/index.ts";
import { printJson } from "./table-of-text.ts";
import { UsageError } from "./usage-error.ts";

const SECRET_FILE = ".kedge/secret";
const BROKER_IDS_BOUND = 0x7fffffff;

interface Options {
  readonly request: TokenRequest;
  readonly secretFile: string | undefined;
}

export const token = (): Command =>
  new Command("token")
    .summary("makes a token from a secret, without asking anybody")
    .description(
      "Prints the token alone to standard output, and what it is to standard error. The secret comes from a file or " +
        "the environment, never from an argument: those are in every list of processes.",
    )
    .option("--role <role>", `what its bearer may do: ${ROLE_NAMES.join(", ")}`)
    .option("--cluster <id>", 'for this cluster, or "*" for all; an admin\'s is for all')
    .option("--broker-ids <1,2>", "of a broker's token: the ids that it speaks for")
    .option(
      "--principal <name>",
      "who its bearer is (broker-7 for one id, else the token's own id)",
    )
    .option(
      "--expires-in <90d>",
      "from now on, in days, hours, minutes or seconds: 90d, 12h, 30m, 45s (90d unless said)",
    )
    .option(
      "--secret-file <file>",
      `the secret that signs it (KEDGE_KEY of the environment, else ${SECRET_FILE})`,
    )
    .option("--json", "the token and what it is, as JSON")
    .addHelpText(
      "after",
      `\nRoles:\n${ROLE_NAMES.map((role) => `  ${role.padEnd(10)} ${ROLES[role]}`).join("\n")}`,
    )
    .action(run);

/** As commander gives them. */
interface Given {
  readonly role?: string;
  readonly cluster?: string;
  readonly brokerIds?: string;
  readonly principal?: string;
  readonly expiresIn?: string;
  readonly secretFile?: string;
  readonly json?: boolean;
}

async function run(given: Given): Promise<void> {
  const { request, secretFile } = optionsFrom(given);
  const secret = await secretFrom(secretFile, process.env["KEDGE_KEY"]);
  try {
    const { token: made, claims } = await minted(secret, request);
    if (given.json === true) return printJson(described(made, claims));
    console.error(describe(claims));
    console.log(made);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(inOptions(error.message)) : error;
  }
}

function optionsFrom({ role, cluster, brokerIds, principal, ...given }: Given): Options {
  if (role === undefined) throw new UsageError("--role must be given; --help has them all");
  if (!isRole(role)) throw new UsageError(`--role must be one of ${ROLE_NAMES.join(", ")}`);
  return {
    request: {
      role,
      cluster,
      brokerIds: brokerIdsOf(brokerIds),
      principal,
      lifetimeS: secondsOf(given.expiresIn),
    },
    secretFile: given.secretFile,
  };
}

function brokerIdsOf(text: string | undefined): readonly number[] {
  if (text === undefined) return [];
  const ids = text.split(",").map((id) => (/^\d{1,10}$/.test(id) ? Number(id) : Number.NaN));
  if (!ids.every((id) => id <= BROKER_IDS_BOUND))
    throw new UsageError("--broker-ids must be numbers from 0, with commas between them");
  return ids;
}

const UNIT_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, count = "", unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const seconds = count === "" ? 0 : Number(count) * (UNIT_S[unit] ?? 0);
  if (seconds >= 1 && seconds <= LIFETIME_S_MAX) return seconds;
  throw new UsageError(
    `--expires-in must be a number with its unit, as 90d, 12h, 30m or 45s, of at most ${LIFETIME_S_MAX / 86_400}d`,
  );
}

/** A file that is named goes before the environment, and that before the file of `npm start`. */
async function secretFrom(file: string | undefined, key: string | undefined): Promise<string> {
  if (file === undefined && key !== undefined && key !== "") return key;
  try {
    return (await readFile(file ?? SECRET_FILE, "utf8")).trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      file === undefined
        ? `no secret: ${SECRET_FILE} cannot be read (kedge up makes it); for a deployment put its KEDGE_KEY into the environment`
        : `--secret-file: ${reason}`,
      { cause: error },
    );
  }
}

/** Faults of claims name the fields of `POST /tokens`. */
const inOptions = (message: string): string =>
  message
    .replace(/^cluster_id: /, "--cluster: ")
    .replace(/^broker_ids: /, "--broker-ids: ")
    .replace(/^principal: /, "--principal: ");

function describe({ id, role, cluster, brokerIds, principal, expiresAt }: Claims): string {
  const where = cluster === ANY_CLUSTER ? "every cluster" : `cluster ${cluster}`;
  const speaksFor = brokerIds.length === 0 ? "" : `, speaks for broker ${brokerIds.join(", ")}`;
  const until = new Date(1000 * expiresAt).toISOString();
  return `token ${id}: role "${role}" for ${where}${speaksFor}; User:${principal}; until ${until}`;
}

/** As `POST /tokens` answers. */
const described = (
  made: string,
  { id, role, cluster, brokerIds, principal, expiresAt }: Claims,
): MadeToken => ({
  token: made,
  id,
  role,
  cluster_id: cluster,
  broker_ids: brokerIds,
  principal: `User:${principal}`,
  expires_at: new Date(1000 * expiresAt).toISOString(),
});
