/**
 * Pages of a sorted list: what a client asks for, and the token of the next page. A token names a key and not an index,
 * so items that are created or deleted between two pages shift no others.
 */
import { integerParameter, invalid } from "./fields.ts";

/** A page's size by default, and the largest one: an answer stays under a few MB. */
const PAGE_SIZE = 500;
const PAGE_SIZE_MAX = 5_000;

export interface PageRequest {
  readonly size: number;
  /** The key of the last item of the page before; `undefined` for the first page. */
  readonly after: string | undefined;
}

/** What a client asks for, from the query's `page_size` and `page_token`. */
export function pageRequest(pageSize: string | undefined, token: string | undefined): PageRequest {
  const size = integerParameter(pageSize, "page_size", {
    min: 1,
    max: PAGE_SIZE_MAX,
  });
  return { size: size ?? PAGE_SIZE, after: token === undefined ? undefined : keyOfToken(token) };
}

/** The same where a list is whole unless a page is asked for: undefined where none is. */
export const askedPage = (
  pageSize: string | undefined,
  token: string | undefined,
): PageRequest | undefined =>
  pageSize === undefined && token === undefined ? undefined : pageRequest(pageSize, token);

/** Opaque to clients, so that what is in it may change. */
export const tokenOfKey = (key: string): string =>
  btoa(encodeURIComponent(key)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export function keyOfToken(token: string): string {
  try {
    return decodeURIComponent(atob(token.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    throw invalid("page_token", "a token that an earlier page gave");
  }
}
