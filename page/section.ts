/** A sheet of the page, with its title. */
import { h } from "./element.ts";

export const section = (
  name: string,
  title: string,
  buttons: readonly HTMLElement[],
  ...content: readonly HTMLElement[]
): HTMLElement =>
  h(
    "section",
    { class: name, "aria-labelledby": `${name}-title` },
    h("div", { class: "title" }, h("h2", { id: `${name}-title` }, title), ...buttons),
    ...content,
  );
