/**
 * The secret of a run on this machine, and the tokens that it signs: a file that its owner alone may read, under the
 * folder of the state, drawn when there is none.
 */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mint, signingKey, type Minted, type TokenRequest } from "../src/access/index.ts";

const SECRET_BYTES = 32;
const OWNER_ALONE = 0o600;

/** The secret in `folder`. */
export async function secretIn(folder: string): Promise<string> {
  const file = join(folder, "secret");
  await mkdir(folder, { recursive: true });
  const drawn = randomBytes(SECRET_BYTES).toString("base64url");
  // Only if there is none: two that start at once must not sign with two secrets.
  await writeFile(file, `${drawn}\n`, { mode: OWNER_ALONE, flag: "wx" }).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  });
  const secret = (await readFile(file, "utf8")).trim();
  if (secret === "") throw new Error(`${file} is empty: delete it, and another secret is drawn`);
  return secret;
}

/** A token that `secret` signs. Throws a `RangeError` that says why there is none. */
export async function mintToken(secret: string, request: TokenRequest): Promise<string> {
  return (await minted(secret, request)).token;
}

/** The same, with what it says. */
export async function minted(secret: string, request: TokenRequest): Promise<Minted> {
  const id = randomBytes(16).toString("base64url");
  const answer = await mint(await signingKey(secret), request, { nowMs: Date.now(), id });
  if (typeof answer === "string") throw new RangeError(answer);
  return answer;
}

/** Writes a token, or what holds one, where its owner alone can read it, and answers with where that is. */
export async function writeTokenFile(folder: string, name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, `${text}\n`, { mode: OWNER_ALONE });
  // A file that is there already keeps the mode that it has.
  await chmod(file, OWNER_ALONE);
  return file;
}
