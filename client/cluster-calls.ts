/**
 * Calls about one cluster: its base path, how fresh a read must be, and the position of the last write made through
 * this client, which every later read reaches: a program reads what it has written.
 */
import type { BatchedReads, Read } from "./batched-reads.ts";
import {
  pathBelow,
  pathOf,
  type Answer,
  type Call,
  type Caller,
  type Parameters,
} from "./caller.ts";
import { RefusedError, type Position } from "./refused-error.ts";

/** What any call takes. */
export interface Asking {
  readonly signal?: AbortSignal;
}

/** How fresh the answer of a read must be; docs/HTTP.md, "What holds for every answer", says what each means. */
export interface Reading extends Asking {
  readonly minOffset?: number;
  readonly maxStalenessMs?: number;
  readonly linearizable?: boolean;
  readonly waitMs?: number;
  /** The state of then. */
  readonly atOffset?: number;
  /** ISO 8601 with its zone, or milliseconds since 1970. */
  readonly atTime?: string | number;
}

/** A list, as every one comes. */
export interface Listed<Item> {
  readonly data: readonly Item[];
}

export type Path = readonly (string | number)[];

export interface ClusterCalls {
  readonly clusterId: string;
  /** The furthest position that a write through this client was answered with; null before the first. */
  readonly position: () => Position | null;
  /** `GET` from the observed image. */
  readonly read: <Body>(path: Path, reading?: Reading) => Promise<Body>;
  /** The items of a list that is read so. */
  readonly list: <Item>(
    path: Path,
    reading?: Reading,
    parameters?: Parameters,
  ) => Promise<readonly Item[]>;
  /** `GET` of what no image has: the quorum, its controllers. */
  readonly ask: <Body>(path: Path, asking?: Asking, parameters?: Parameters) => Promise<Body>;
  /** Anything that changes something. `tail` follows the path as it is, as `:alter`. */
  readonly write: <Body>(
    path: Path,
    change: Pick<Call, "method" | "body" | "repeatable" | "parameters"> & {
      readonly tail?: string;
    },
    asking?: Asking,
  ) => Promise<Answer<Body>>;
  readonly response: (path: Path, call?: Omit<Call, "path">) => Promise<Response>;
  readonly json: <Body>(
    path: Path,
    call?: Omit<Call, "path"> & { readonly tail?: string },
  ) => Promise<Answer<Body>>;
}

/** The furthest position that a write was answered with; null before the first. Several may share it. */
export interface Written {
  last: Position | null;
}

export interface CallsOptions {
  readonly written: Written;
  /** Over HTTP unless said. */
  readonly reads?: ImageReads | undefined;
}

/** What reads from the observed image: each by itself over HTTP, or in batches. */
export type ImageReads = Pick<BatchedReads, "read">;

export const readsOverHttp = (caller: Caller, clusterId: string): ImageReads => ({
  async read<Body>({ path, parameters, freshness, signal }: Read) {
    const at = `${pathOf("clusters", clusterId)}/${path}`;
    const call = { path: at, parameters: { ...freshness, ...parameters }, signal };
    return (await caller.json<Body>(call)).body;
  },
});

export function clusterCalls(
  caller: Caller,
  clusterId: string,
  { written, reads = readsOverHttp(caller, clusterId) }: CallsOptions = { written: { last: null } },
): ClusterCalls {
  const at = (path: Path): string => pathOf("clusters", clusterId, ...path);
  const list = async <Item>(
    path: Path,
    reading: Reading = {},
    parameters: Parameters = {},
  ): Promise<readonly Item[]> => {
    const read = { path: pathBelow(path), parameters, signal: reading.signal };
    return await wholeList<Item>(reads, { ...read, freshness: freshnessOf(reading, written.last) });
  };
  const json = <Body>(
    path: Path,
    { tail = "", ...call }: Omit<Call, "path"> & { readonly tail?: string } = {},
  ): Promise<Answer<Body>> => caller.json<Body>({ ...call, path: `${at(path)}${tail}` });
  return {
    clusterId,
    position: () => written.last,
    list,
    json,
    read: <Body>(path: Path, reading: Reading = {}) =>
      reads.read<Body>({
        path: pathBelow(path),
        freshness: freshnessOf(reading, written.last),
        signal: reading.signal,
      }),
    async ask<Body>(path: Path, { signal }: Asking = {}, parameters: Parameters = {}) {
      return (await caller.json<Body>({ path: at(path), parameters, signal })).body;
    },
    async write<Body>(
      path: Path,
      change: Pick<Call, "method" | "body" | "repeatable" | "parameters"> & {
        readonly tail?: string;
      },
      { signal }: Asking = {},
    ) {
      const answer = await json<Body>(path, { method: "POST", ...change, signal });
      const { offset, epoch } = answer;
      if (offset > (written.last?.offset ?? -1)) written.last = { offset, epoch };
      return answer;
    },
    response: (path, call) => caller.response({ ...call, path: at(path) }),
  };
}

/** Of the past, only the place; else at least what was written through here. */
function freshnessOf(reading: Reading, written: Position | null): Parameters {
  const { minOffset, maxStalenessMs, linearizable, waitMs, atOffset, atTime } = reading;
  if (atOffset !== undefined || atTime !== undefined)
    return { at_offset: atOffset, at_time: atTime };
  const least = Math.max(minOffset ?? -1, written?.offset ?? -1);
  return {
    min_offset: least < 0 ? undefined : least,
    max_staleness_ms: maxStalenessMs,
    consistency: linearizable === true ? "linearizable" : undefined,
    wait_ms: waitMs,
  };
}

/** What a list of more than 20,000 items is refused with. */
const LIST_TOO_LONG = 40_007;
const PAGE_SIZE = 5_000;

interface Page<Item> extends Listed<Item> {
  readonly metadata: { readonly next: string | null };
}

/** At once where that is granted, else page by page; pages of a list that changes meanwhile are of different moments. */
async function wholeList<Item>(reads: ImageReads, read: Read): Promise<readonly Item[]> {
  try {
    return (await reads.read<Listed<Item>>(read)).data;
  } catch (error) {
    if (!(error instanceof RefusedError) || error.errorCode !== LIST_TOO_LONG) throw error;
  }
  const items: Item[] = [];
  let token: string | undefined;
  do {
    const page = { ...read.parameters, page_size: PAGE_SIZE, page_token: token };
    const { data, metadata } = await reads.read<Page<Item>>({ ...read, parameters: page });
    items.push(...data);
    const { next } = metadata;
    token = next === null ? undefined : (new URL(next).searchParams.get("page_token") ?? undefined);
  } while (token !== undefined);
  return items;
}
