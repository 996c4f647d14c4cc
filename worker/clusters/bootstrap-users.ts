/**
 * The SCRAM users that a new cluster begins with, as `kafka-storage format --add-scram` takes them (KIP-900):
 * `{user, mechanism, iterations?, salt?, password}`, or `{…, salt, salted_password}`. A password is known to one request
 * and kept by nobody: what is listed are the two keys that verify it, with the salt that was given or drawn.
 */
import * as v from "valibot";
import { base64Of, bytesOf, type BootstrapUser } from "../../durable-objects/bootstrap-users.ts";
import {
  SALTED_PASSWORD_BYTES_MAX,
  SCRAM_ITERATIONS,
  SCRAM_MECHANISMS,
  scramKeys,
  type ScramMechanism,
} from "../../src/metadata/index.ts";
import { assert } from "../../src/std/assert.ts";
import { base64, fieldsOf, invalid, listOf, oneOf, text, wholeNumber } from "../http/fields.ts";
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

function shortText(max: number) {
  const message = `must be a text of 1 to ${max} characters`;
  return v.pipe(
    text,
    v.minLength(1, message),
    v.maxLength(max, message),
    v.check((each) => each.isWellFormed(), message),
  );
}

const shortBytes = (max: number) =>
  v.pipe(
    base64,
    v.transform(bytesOf),
    v.check(({ length }) => length > 0 && length <= max, `must be base64 of 1 to ${max} bytes`),
  );

/** By its name in SASL. */
export const mechanism = v.pipe(
  oneOf("SCRAM-SHA-256", "SCRAM-SHA-512"),
  v.transform((name) => {
    const known = SCRAM_MECHANISMS.find((each) => each.name === name);
    assert(known !== undefined, `no mechanism is named ${name}`);
    return known;
  }),
);

const BOOTSTRAP_USER = fieldsOf({
  user: shortText(USER_LENGTH_MAX),
  mechanism,
  iterations: v.optional(wholeNumber(SCRAM_ITERATIONS), SCRAM_ITERATIONS.min),
  salt: v.optional(shortBytes(SALT_BYTES_MAX)),
  password: v.optional(shortText(PASSWORD_LENGTH_MAX)),
  salted_password: v.optional(shortBytes(SALTED_PASSWORD_BYTES_MAX)),
});

/** No refusal repeats what was given. */
export const BOOTSTRAP_USERS = v.pipe(
  listOf(BOOTSTRAP_USER),
  v.maxLength(USERS_MAX, `must be a list of ${USERS_MAX} at most`),
);

/** The users that are asked for; null where the request leaves them out. */
export function usersOf(
  given: v.InferOutput<typeof BOOTSTRAP_USERS> | undefined,
): readonly UserRequest[] | null {
  if (given === undefined) return null;
  const users = given.map((each, at) => userOf(each, `scram_users[${at}]`));
  const names = users.map(nameOf);
  const twice = names.findIndex((name, at) => names.indexOf(name) < at);
  if (twice >= 0)
    throw invalid(`scram_users[${twice}]`, "another user than those before, or another mechanism");
  return users;
}

const nameOf = (each: UserRequest): string => `${each.mechanism.type} ${each.user}`;

function userOf(asked: v.InferOutput<typeof BOOTSTRAP_USER>, path: string): UserRequest {
  const { password, salted_password: salted, salt = null, ...named } = asked;
  const common = { ...named, salt };
  if (password !== undefined && salted === undefined)
    return { ...common, secret: { kind: "password", password } };
  if (password !== undefined || salted === undefined)
    throw invalid(path, "given a password or a salted_password, and one of them only");
  if (salt === null) throw invalid(`${path}.salt`, "given: it is that of the salted_password");
  return { ...common, secret: { kind: "salted", saltedPassword: salted } };
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
      (known) => known.user === each.user && known.mechanism === each.mechanism.type,
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
  { user, mechanism: by, iterations, secret }: UserRequest,
  salt: Uint8Array<ArrayBuffer>,
): Promise<BootstrapUser> {
  const salted =
    secret.kind === "salted"
      ? secret.saltedPassword
      : await saltedPassword(by, { password: secret.password, salt, iterations });
  const { storedKey, serverKey } = scramKeys(by, salted);
  return {
    user,
    mechanism: by.type,
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
