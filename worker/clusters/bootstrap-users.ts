/**
 * The SCRAM users that a new cluster begins with, as `kafka-storage format --add-scram` takes them (KIP-900):
 * `{user, mechanism, iterations?, salt?, password}`, or `{…, salt, salted_password}`. A password is known to one request
 * and kept by nobody: what is listed are the two keys that verify it, with the salt that was given or drawn.
 */
import { base64Of, bytesOf, type BootstrapUser } from "../../durable-objects/bootstrap-users.ts";
import {
  SALTED_PASSWORD_BYTES_MAX,
  SCRAM_ITERATIONS,
  SCRAM_MECHANISMS,
  scramKeys,
  type ScramMechanism,
} from "../../src/metadata/index.ts";
import { arrayAt, bytesAt, integerAt, invalid, objectAt, textAt } from "../http/fields.ts";
import { nextEvent } from "../observer/next-event.ts";

/** A password costs up to 20 ms of CPU, and the keys of all are in the request that forms each controller. */
const USERS_MAX = 100;
const USER_LENGTH_MAX = 256;
const SALT_BYTES_MAX = 1_024;
const PASSWORD_LENGTH_MAX = 1_024;
/** Kafka draws as many bits or more, by the mechanism. */
const DRAWN_SALT_BYTES = 32;

/** A user as it was asked for. It holds a secret: it is not to be kept, shown or logged. */
export interface UserRequest {
  readonly user: string;
  readonly mechanism: ScramMechanism;
  readonly iterations: number;
  /** Null where one is to be drawn. */
  readonly salt: Uint8Array<ArrayBuffer> | null;
  readonly secret:
    | { readonly kind: "password"; readonly password: string }
    | { readonly kind: "salted"; readonly saltedPassword: Uint8Array<ArrayBuffer> };
}

/** The users that are asked for; null where the request leaves them out. No refusal repeats what was given. */
export function usersAt(given: unknown): readonly UserRequest[] | null {
  if (given === undefined) return null;
  const users = arrayAt(given, "scram_users").map((each, at) => userAt(each, `scram_users[${at}]`));
  if (users.length > USERS_MAX) throw invalid("scram_users", `a list of ${USERS_MAX} at most`);
  const names = users.map(nameOf);
  const twice = names.findIndex((name, at) => names.indexOf(name) < at);
  if (twice >= 0)
    throw invalid(`scram_users[${twice}]`, "another user than those before, or another mechanism");
  return users;
}

const nameOf = ({ user, mechanism }: UserRequest): string => `${mechanism.type} ${user}`;

function userAt(value: unknown, path: string): UserRequest {
  const fields = objectAt(value, path, [
    "user",
    "mechanism",
    "iterations",
    "salt",
    "password",
    "salted_password",
  ]);
  const { iterations = SCRAM_ITERATIONS.min, salt, password, salted_password: salted } = fields;
  const mechanism = SCRAM_MECHANISMS.find(({ name }) => name === fields["mechanism"]);
  if (mechanism === undefined) {
    const names = SCRAM_MECHANISMS.map(({ name }) => name).join(", ");
    throw invalid(`${path}.mechanism`, `one of ${names}`);
  }
  if ((password === undefined) === (salted === undefined))
    throw invalid(path, "given a password or a salted_password, and one of them only");
  if (salted !== undefined && salt === undefined)
    throw invalid(`${path}.salt`, "given: it is that of the salted_password");
  return {
    user: shortTextAt(fields["user"], `${path}.user`, USER_LENGTH_MAX),
    mechanism,
    iterations: integerAt(iterations, `${path}.iterations`, SCRAM_ITERATIONS),
    salt: salt === undefined ? null : shortBytesAt(salt, `${path}.salt`, SALT_BYTES_MAX),
    secret:
      salted === undefined
        ? {
            kind: "password",
            password: shortTextAt(password, `${path}.password`, PASSWORD_LENGTH_MAX),
          }
        : {
            kind: "salted",
            saltedPassword: shortBytesAt(
              salted,
              `${path}.salted_password`,
              SALTED_PASSWORD_BYTES_MAX,
            ),
          },
  };
}

function shortTextAt(value: unknown, path: string, max: number): string {
  const text = textAt(value, path);
  if (text !== "" && text.length <= max && text.isWellFormed()) return text;
  throw invalid(path, `a text of 1 to ${max} characters`);
}

function shortBytesAt(value: unknown, path: string, max: number): Uint8Array<ArrayBuffer> {
  const bytes = bytesAt(value, path);
  if (bytes.length > 0 && bytes.length <= max) return bytes;
  throw invalid(path, `base64 of 1 to ${max} bytes`);
}

/** What is to be listed of them, each in an event of its own. */
export async function bootstrapUsers(
  asked: readonly UserRequest[],
): Promise<readonly BootstrapUser[]> {
  const users: BootstrapUser[] = [];
  for (const each of asked) {
    const salt = each.salt ?? crypto.getRandomValues(new Uint8Array(DRAWN_SALT_BYTES));
    users.push(await bootstrapUser(each, salt));
    await nextEvent();
  }
  return users;
}

/**
 * Whether a cluster that was listed with these users is the one that is asked for. A salt that was drawn was drawn anew
 * for this request: the password is tried with the one that is kept. Who leaves the users out asks for none in
 * particular: nobody can read passwords back to repeat them.
 */
export async function usersAgree(
  kept: readonly BootstrapUser[],
  asked: readonly UserRequest[] | null,
): Promise<boolean> {
  if (asked === null) return true;
  if (asked.length !== kept.length) return false;
  for (const each of asked) {
    const own = kept.find(
      ({ user, mechanism }) => user === each.user && mechanism === each.mechanism.type,
    );
    if (own === undefined || own.iterations !== each.iterations) return false;
    const again = await bootstrapUser(each, each.salt ?? bytesOf(own.salt));
    const isSame = again.salt === own.salt && again.stored_key === own.stored_key;
    if (!isSame) return false;
    await nextEvent();
  }
  return true;
}

async function bootstrapUser(
  { user, mechanism, iterations, secret }: UserRequest,
  salt: Uint8Array<ArrayBuffer>,
): Promise<BootstrapUser> {
  const salted =
    secret.kind === "salted"
      ? secret.saltedPassword
      : await saltedPassword(mechanism, { password: secret.password, salt, iterations });
  const { storedKey, serverKey } = scramKeys(mechanism, salted);
  return {
    user,
    mechanism: mechanism.type,
    iterations,
    salt: base64Of(salt),
    stored_key: base64Of(storedKey),
    server_key: base64Of(serverKey),
  };
}

/** RFC 5802's Hi, which is PBKDF2 (RFC 8018) with the mechanism's HMAC. The platform's own: it is a hundred times as fast. */
async function saltedPassword(
  { name, hash }: ScramMechanism,
  {
    password,
    salt,
    iterations,
  }: {
    readonly password: string;
    readonly salt: Uint8Array<ArrayBuffer>;
    readonly iterations: number;
  },
): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(password);
  const key = await crypto.subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveBits"]);
  // The hash is named as SASL names the mechanism, and HMAC's blocks are twice as long as what it makes.
  const algorithm = { name: "PBKDF2", hash: name.replace("SCRAM-", ""), salt, iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, 4 * hash.blockBytes));
}
