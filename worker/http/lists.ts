/**
 * Lists of resources: whole unless a page is asked for, since clients of REST v3 follow no `next`. Items are shown in
 * slices, with an event between two of them, because a long list takes longer than one event may.
 */
import type { ScopedContext } from "../env.ts";
import { Problem } from "./errors.ts";
import { askedPage, type PageRequest } from "./pages.ts";
import { pagedList, type ResourceList } from "./resources.ts";

/**
 * The longest whole list, some 20 MB of JSON: an isolate has 128 MB, and the list is text, and then bytes. What is
 * longer is had in pages.
 */
const WHOLE_LIST_MAX = 20_000;
/** How many items are looked at in one event: some milliseconds. */
const SLICE_ITEMS = 500;

/** What a list is of. */
export interface Listing {
  readonly kind: string;
  /** By key, ascending. Null stands for something that was looked at and is not in the list: it counts as work. */
  readonly items: Iterable<ListItem | null>;
}

export interface ListItem {
  /** What tells an item from all others of the list. Pages go on after a key. */
  readonly key: string;
  readonly show: () => object;
}

/** An item, or nothing, of each row, made as it is asked for. */
export function* itemsOf<Row>(
  rows: Iterable<Row>,
  itemOf: (row: Row) => ListItem | null,
): Generator<ListItem | null, void, undefined> {
  for (const row of rows) yield itemOf(row);
}

/** The page that the query asks for; undefined for all. To be asked before anything is read: it may be a `Problem`. */
export const pageAsked = ({ req }: ScopedContext): PageRequest | undefined =>
  askedPage(req.query("page_size"), req.query("page_token"));

/** That page of the list, or all of it. `pause` lets other events run. A `Problem` where it is too long to be whole. */
export async function shownList(
  context: ScopedContext,
  { listing, page }: { readonly listing: Listing; readonly page: PageRequest | undefined },
  pause: () => Promise<void>,
): Promise<ResourceList<object>> {
  const { kind, items } = listing;
  const { size, after } = page ?? { size: WHOLE_LIST_MAX, after: undefined };
  const data: object[] = [];
  let last: string | undefined;
  let looked = 0;
  for (const item of items) {
    looked += 1;
    if (looked % SLICE_ITEMS === 0) await pause();
    if (item === null || (after !== undefined && item.key <= after)) continue;
    if (data.length === size) {
      if (page === undefined) throw tooLong();
      return pagedList(context, kind, { data, last });
    }
    data.push(item.show());
    last = item.key;
  }
  return pagedList(context, kind, { data, last: undefined });
}

const tooLong = (): Problem =>
  new Problem(
    "LIST_TOO_LONG",
    `the list has more than ${WHOLE_LIST_MAX} items, which is the most that are shown at once; ask for pages, with page_size`,
  );

/** What leaves some of a text out, as `JSON.stringify` takes it. */
export type Omission = ((name: string, value: unknown) => unknown) | undefined;

/** The JSON of a list, its items in slices. */
export async function listText(
  { data, ...rest }: ResourceList<object>,
  pause: () => Promise<void>,
  omits?: Omission,
): Promise<string> {
  const slices: string[] = [];
  for (let at = 0; at < data.length; at += SLICE_ITEMS) {
    if (at > 0) await pause();
    slices.push(JSON.stringify(data.slice(at, at + SLICE_ITEMS), omits).slice(1, -1));
  }
  return `${JSON.stringify(rest, omits).slice(0, -1)},"data":[${slices.join(",")}]}`;
}

/** A number as part of a key: keys are compared as text. */
export const numberKey = (value: number): string => String(value).padStart(10, "0");
