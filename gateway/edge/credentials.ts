/**
 * What the gateway shows to the edge and to what stands before it: its token, headers such as those of a Cloudflare
 * Access service token, a client certificate. They are read from files and the environment, never from the command
 * line, which every process of the machine can see. No error here repeats what a file holds.
 */
import { readFileSync } from "node:fs";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { createSecureContext } from "node:tls";
import { PRINCIPAL_HEADER } from "./identity.ts";
import { isToken, TOKEN_LENGTH_MAX } from "./token.ts";

export interface EdgeCredentials {
  readonly token: string | null;
  /** Sent with every request, beside the gateway's own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: EdgeTls;
}

/** PEM, as `node:tls` takes it. An empty one trusts what Node trusts and shows no certificate. */
export interface EdgeTls {
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly ca?: Buffer;
}

export const NO_CREDENTIALS: EdgeCredentials = { token: null, headers: {}, tls: {} };

/** Where they are: paths of files, and of the environment what may stand in for two of them. */
export interface CredentialSources {
  readonly tokenFile?: string | undefined;
  readonly headerFile?: string | undefined;
  readonly certificateFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly env: { readonly [name: string]: string | undefined };
}

const TOKEN_VARIABLE = "KEDGE_TOKEN";
const HEADERS_VARIABLE = "KEDGE_HEADERS";

const HEADERS_MAX = 32;
const HEADER_VALUE_MAX = 8_192;
/** What the gateway says itself, and what frames a request. */
const RESERVED = new Set([
  "authorization",
  "connection",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  PRINCIPAL_HEADER,
]);

/** Throws a sentence that names the file or the variable. */
export function readCredentials(sources: CredentialSources): EdgeCredentials {
  const { certificateFile, keyFile, caFile, env } = sources;
  return {
    token: readToken(sources.tokenFile, env[TOKEN_VARIABLE]),
    headers: readHeaders(sources.headerFile, env[HEADERS_VARIABLE]),
    tls: readTls({ certificateFile, keyFile, caFile }),
  };
}

/** A file that was named, or an error that says which and why. */
export function readNamed(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unreadable";
    throw new Error(`${path} cannot be read (${code})`, { cause });
  }
}

function readToken(file: string | undefined, variable: string | undefined): string | null {
  const token = (file === undefined ? variable : readNamed(file).toString())?.trim();
  if (token === undefined || (file === undefined && token === "")) return null;
  if (!isToken(token))
    throw new Error(
      `${file ?? TOKEN_VARIABLE} does not hold a token: 1 to ${TOKEN_LENGTH_MAX} characters of A-Z a-z 0-9 . _ ~ + / - =`,
    );
  return token;
}

/** One `Name: value` a line; empty lines and those that begin with # do not count. */
function readHeaders(
  file: string | undefined,
  variable: string | undefined,
): Readonly<Record<string, string>> {
  const source = file ?? HEADERS_VARIABLE;
  const text = file === undefined ? (variable ?? "") : readNamed(file).toString();
  const headers: Record<string, string> = {};
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const where = `line ${at + 1} of ${source}`;
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (!isHeader(name, value)) throw new Error(`${where} is not a header, "Name: value"`);
    if (RESERVED.has(name)) throw new Error(`${where}: the gateway sets ${name} itself`);
    if (name in headers) throw new Error(`${where}: ${name} is there twice`);
    headers[name] = value;
  }
  if (Object.keys(headers).length > HEADERS_MAX)
    throw new Error(`${source} has more than ${HEADERS_MAX} headers`);
  return headers;
}

function isHeader(name: string, value: string): boolean {
  if (value === "" || value.length > HEADER_VALUE_MAX) return false;
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

function readTls({
  certificateFile,
  keyFile,
  caFile,
}: Pick<CredentialSources, "certificateFile" | "keyFile" | "caFile">): EdgeTls {
  if ((certificateFile === undefined) !== (keyFile === undefined))
    throw new Error("a client certificate for the edge needs its key, and a key its certificate");
  const tls = {
    ...(certificateFile === undefined ? {} : { cert: readNamed(certificateFile) }),
    ...(keyFile === undefined ? {} : { key: readNamed(keyFile) }),
    ...(caFile === undefined ? {} : { ca: readNamed(caFile) }),
  };
  try {
    createSecureContext(tls);
  } catch (cause) {
    const files = [certificateFile, keyFile, caFile].filter((file) => file !== undefined);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${files.join(", ")} cannot be used towards the edge: ${reason}`, { cause });
  }
  return tls;
}
