/**
 * `npm run -s token`: makes a token from a secret, without asking anybody. The token alone goes to standard output, to
 * be kept in a file or a variable; what it is goes to standard error. The secret comes from a file or the environment,
 * never from an argument: those are in every list of processes.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
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

const SECRET_FILE = ".kedge/secret";
const BROKER_IDS_BOUND = 0x7fffffff;

const USAGE = `npm run -s token -- --role ROLE [options]
  --cluster ID         for this cluster, or "*" for all; an admin's is for all
  --broker-ids 1,2     of a broker's token: the ids that it speaks for
  --principal NAME     who its bearer is (broker-7 for one id, else the token's own id)
  --expires-in 90d     from now on, in days, hours, minutes or seconds: 90d, 12h, 30m, 45s (90d)
  --secret-file FILE   the secret that signs it (KEDGE_KEY of the environment, else ${SECRET_FILE})

Roles:
${ROLE_NAMES.map((role) => `  ${role.padEnd(10)} ${ROLES[role]}`).join("\n")}

Without -s npm prints two lines of its own before the token.`;

/** Something the user can correct: printed in one line, without a stack. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

interface Options {
  readonly request: TokenRequest;
  readonly secretFile: string | undefined;
}

/** Null when help is asked for. */
function optionsFrom(args: readonly string[]): Options | null {
  const { values } = parse(args);
  if (values.help === true) return null;
  const { role } = values;
  if (role === undefined) throw new UsageError(`--role must be given\n${USAGE}`);
  if (!isRole(role)) throw new UsageError(`--role must be one of ${ROLE_NAMES.join(", ")}`);
  return {
    request: {
      role,
      cluster: values.cluster,
      brokerIds: brokerIdsOf(values["broker-ids"]),
      principal: values.principal,
      lifetimeS: secondsOf(values["expires-in"]),
    },
    secretFile: values["secret-file"],
  };
}

/** `parseArgs` throws for an option it does not know. */
function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        role: { type: "string" },
        cluster: { type: "string" },
        "broker-ids": { type: "string" },
        principal: { type: "string" },
        "expires-in": { type: "string" },
        "secret-file": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
  }
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
        ? `no secret: ${SECRET_FILE} cannot be read (npm start makes it); for a deployment put its KEDGE_KEY into the environment`
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

try {
  const options = optionsFrom(process.argv.slice(2));
  if (options === null) console.log(USAGE);
  else {
    const secret = await secretFrom(options.secretFile, process.env["KEDGE_KEY"]);
    const { token, claims } = await minted(secret, options.request);
    console.error(describe(claims));
    console.log(token);
  }
} catch (error) {
  console.error(`kedge: ${error instanceof Error ? inOptions(error.message) : String(error)}`);
  process.exitCode = 1;
}
