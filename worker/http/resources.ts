/**
 * The outer shape of Confluent's REST v3: a resource has `kind` and `metadata` with its own address, a list has
 * `data` and the address of its next page. Which fields a resource has is for its route.
 */
import type { ScopedContext } from "../env.ts";
import { tokenOfKey } from "./pages.ts";

export const BASE_PATH = "/kafka/v3";

export interface Resource {
  readonly kind: string;
  readonly metadata: { readonly self: string; readonly resource_name: string };
}

export interface ResourceList<Item> {
  readonly kind: string;
  readonly metadata: { readonly self: string; readonly next: string | null };
  readonly data: readonly Item[];
}

/** A reference from one resource to another. */
export interface Related {
  readonly related: string;
}

/**
 * For `JSON.stringify`: without where a resource is and what it is related to, which is more than half of most texts. Of
 * a list it stays where it goes on.
 */
export function withoutLinks(name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (name === "metadata") return "next" in value ? { next: value.next } : undefined;
  return "related" in value && Object.keys(value).length === 1 ? undefined : value;
}

/** The absolute address of `path` under the interface's base, at the host the client used. */
export const addressOf = (context: ScopedContext, ...path: readonly (string | number)[]): string =>
  `${originOf(context)}${BASE_PATH}/${path.map((part) => encodeURIComponent(part)).join("/")}`;

/** The origin that the client used. To parse the address for each that an answer has would take as long as all the rest. */
export function originOf({ req: { url } }: ScopedContext): string {
  return url.slice(0, url.indexOf("/", url.indexOf("://") + 3));
}

/** `kind` and `metadata` of a resource at `path`; the name is Confluent's: `crn:///kafka=…/topic=…`. */
export function resource(
  context: ScopedContext,
  kind: string,
  path: readonly (string | number)[],
): Resource {
  const [, clusterId, ...rest] = path;
  const names = [`kafka=${clusterId ?? ""}`];
  for (let at = 0; at + 1 < rest.length; at += 2) {
    names.push(`${String(rest[at]).replace(/s$/, "")}=${encodeURIComponent(rest[at + 1] ?? "")}`);
  }
  return {
    kind,
    metadata: { self: addressOf(context, ...path), resource_name: `crn:///${names.join("/")}` },
  };
}

/** A list that always fits one page. */
export function wholeList<Item>(
  context: ScopedContext,
  kind: string,
  data: readonly Item[],
): ResourceList<Item> {
  return { kind, metadata: { self: context.req.url, next: null }, data };
}

/** `pinned` are parameters that the next page needs and this one may have left open. */
export function pagedList<Item>(
  context: ScopedContext,
  kind: string,
  page: {
    readonly data: readonly Item[];
    readonly last: string | undefined;
    readonly pinned?: Readonly<Record<string, string>>;
  },
): ResourceList<Item> {
  const { data, last, pinned = {} } = page;
  let next: string | null = null;
  if (last !== undefined) {
    const url = new URL(context.req.url);
    for (const [name, value] of Object.entries(pinned)) url.searchParams.set(name, value);
    url.searchParams.set("page_token", tokenOfKey(last));
    next = url.href;
  }
  return { kind, metadata: { self: context.req.url, next }, data };
}
