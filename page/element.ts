/**
 * Elements of the document, made from names, properties and texts. There is no way in here by which a text becomes
 * markup: whatever a name or a value holds is shown letter by letter.
 */

export type Child = Node | string | number | null | undefined | false;

export interface Properties {
  readonly class?: string;
  readonly on?: Readonly<Record<string, (event: Event) => void>>;
  /** `data-…` attributes. */
  readonly data?: Readonly<Record<string, string>>;
  /** Custom properties of CSS, as `--end`. */
  readonly css?: Readonly<Record<string, string>>;
  readonly [attribute: string]:
    | string
    | number
    | boolean
    | null
    | undefined
    | Readonly<Record<string, unknown>>;
}

/** An attribute that is false, null or undefined is left out, and true is empty. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  const { on, data, css, ...attributes } = properties;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined || typeof value === "object")
      continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [name, listener] of Object.entries(on ?? {})) element.addEventListener(name, listener);
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(css ?? {})) element.style.setProperty(name, value);
  append(element, children);
  return element;
}

/** A button that does something. `kind` is a class, as `danger`. */
export const button = (text: string, act: () => void, kind = ""): HTMLButtonElement =>
  h("button", { type: "button", class: kind, on: { click: act } }, text);

export function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(typeof child === "number" ? String(child) : child);
  }
}

/** Sets a text, and touches nothing where it is there already: what is selected or read aloud stays. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** One row of a list that changes, and how it shows another state of the same thing. */
export interface Row<Item> {
  readonly element: HTMLElement;
  readonly show: (item: Item) => void;
}

/** A list whose rows stay the same elements as long as their key does: focus and selection survive an update. */
export function rows<Item>(
  container: HTMLElement,
  keyOf: (item: Item) => string,
  make: (item: Item) => Row<Item>,
): (items: readonly Item[]) => void {
  const known = new Map<string, Row<Item>>();
  return (items) => {
    const keys = new Set(items.map(keyOf));
    for (const [key, row] of known) {
      if (keys.has(key)) continue;
      row.element.remove();
      known.delete(key);
    }
    let before: Element | null = container.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      const row = known.get(key) ?? make(item);
      known.set(key, row);
      row.show(item);
      if (row.element === before) before = before.nextElementSibling;
      else container.insertBefore(row.element, before);
    }
  };
}
