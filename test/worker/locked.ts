/**
 * The Worker with its locks on and nothing of use behind them: every object notes that it was called and answers that
 * it cannot. What is tested is who gets as far as an object, and who does not.
 */
import { app } from "../../worker/app.ts";
import type { Bindings } from "../../worker/env.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import type { ListedCluster } from "../../durable-objects/listed-cluster.ts";
import { mintToken } from "../../local/secret.ts";
import { NOTHING_REVOKED, type TokenRequest } from "../../src/access/index.ts";

export const SECRET = "a secret that a test has thought up, of some length";

/** What the Worker is given beside its objects. */
export type Settings = Partial<Omit<Bindings, "CONTROLLERS" | "DIRECTORY">>;

export interface LockedWorker {
  readonly clusterId: string;
  /** Every object that was called since the last look, by name, with the headers that reached it. */
  readonly calls: { readonly name: string; readonly headers: Headers }[];
  /** Calls the Worker at a path, which begins with a slash; with `token` as Bearer unless it is null. */
  ask(path: string, token: string | null, init?: RequestInit): Promise<Response>;
  /** A token that this Worker believes; for its cluster, and an admin's for all. */
  mint(request: TokenRequest): Promise<string>;
}

export interface LockedOptions {
  readonly settings?: Settings;
  /** What its addresses begin with. */
  readonly at?: string;
  /** False: a cluster whose formation broke off, so that nothing waits for its controller. */
  readonly isFormed?: boolean;
}

/** A Worker of one cluster with one controller, 3000. */
export function lockedWorker({
  settings = { KEDGE_KEY: SECRET },
  at = "https://kedge.example",
  isFormed = true,
}: LockedOptions = {}): LockedWorker {
  // Of its own, since the Worker remembers clusters by id.
  const clusterId = `${crypto.randomUUID().replaceAll("-", "").slice(0, 21)}A`;
  const calls: { name: string; headers: Headers }[] = [];
  const note = <Answer>(name: string, answer: Answer): Promise<Answer> => {
    calls.push({ name, headers: new Headers() });
    return Promise.resolve(answer);
  };
  const identity = { cluster_id: clusterId, metadata_version: 25, created_ms: 1 };
  const planned = { node_id: 3000, host: "localhost", port: 9093 };
  const voter = { ...planned, directory_id: "JEXY6aqzQY-32P5TStzaFg" };
  const entry: ClusterEntry = { ...identity, initial_voters: [voter] };
  const listed: ListedCluster = isFormed
    ? { state: "formed", cluster: entry }
    : { state: "planned", cluster: { ...identity, planned_voters: [planned] } };
  const env: Bindings = {
    ...settings,
    DIRECTORY: {
      getByName: (name) => ({
        list: () => note(name, [entry]),
        get: () => note(name, listed),
        listDeleted: () => note(name, []),
        create: () => note(name, { outcome: "present" as const, listed, users: [] }),
        fix: () => note(name, entry),
        markFormed: () => note(name, undefined),
        delete: () => note(name, null),
        undelete: () => note(name, null),
        purge: () => note(name, null),
        changeSettings: () => note(name, null),
        revocations: () => note(name, NOTHING_REVOKED),
        revoke: () => note(name, null),
        admit: () => note(name, null),
        markJoined: () => note(name, undefined),
        dismiss: () => note(name, null),
      }),
    },
    CONTROLLERS: {
      jurisdiction: () => {
        throw new Error("there are no jurisdictions here");
      },
      getByName: (name) => ({
        fetch: async (_url, init) => {
          calls.push({ name, headers: new Headers(init.headers) });
          return Response.json({ error_code: 400, message: "of no use" }, { status: 400 });
        },
      }),
    },
  };
  return {
    clusterId,
    calls,
    ask: async (path, token, init = {}) => {
      const headers = new Headers(init.headers);
      if (token !== null) headers.set("Authorization", `Bearer ${token}`);
      const type = path.endsWith("/frames") ? "application/octet-stream" : "application/json";
      if (!headers.has("Content-Type")) headers.set("Content-Type", type);
      return app.request(`${at}${path}`, { ...init, headers }, env);
    },
    mint: (request) =>
      mintToken(SECRET, {
        cluster: request.role === "admin" ? "*" : clusterId,
        brokerIds: request.role === "broker" ? [1] : [],
        ...request,
      }),
  };
}

/** What a refusal says; `error_code` is 0 in an answer that is none. */
export async function codeOf(response: Response): Promise<readonly [number, number]> {
  const text = await response.text();
  const [, code = "0"] = /^\{"error_code":(\d+),/.exec(text) ?? [];
  return [response.status, Number(code)];
}
