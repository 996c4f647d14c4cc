/** The bar above everything: where one is, how fresh what is shown is, and who one is. */
import { anchor } from "./anchor.ts";
import { h, say } from "./element.ts";
import { time } from "./numbers.ts";
import { clusterHref, type Place } from "./place.ts";
import type { Session } from "./session.ts";

/** How fresh what the page shows is. */
export interface Freshness {
  readonly tone: "good" | "warn" | "bad" | "plain";
  readonly text: string;
}

export interface Bar {
  readonly element: HTMLElement;
  readonly heard: (freshness: Freshness) => void;
}

export function bar(session: Session, place: Place, leave: () => void): Bar {
  const heard = h("span", { class: "heard", data: { tone: "plain" }, role: "status" }, "…");
  const until =
    session.expiresMs === null ? "" : `The token holds until ${time(session.expiresMs)}.`;
  const who =
    session.token === null
      ? h("span", { class: "who", title: "This runtime asks nobody who they are." }, "no lock")
      : h(
          "span",
          { class: "who" },
          h("span", { title: until }, session.role),
          h("button", { type: "button", class: "plain", on: { click: leave } }, "Leave"),
        );
  return {
    element: h(
      "header",
      { class: "bar" },
      h(
        "a",
        { class: "brand", href: "#/", "aria-label": "kedge, all clusters" },
        anchor(),
        "kedge",
      ),
      h("nav", { "aria-label": "Where you are" }, ...crumbs(place)),
      heard,
      who,
    ),
    heard: ({ tone, text }) => {
      heard.dataset["tone"] = tone;
      say(heard, text);
    },
  };
}

const slash = (): HTMLElement => h("span", { class: "slash", "aria-hidden": "true" }, "/");
const here = (text: string): HTMLElement =>
  h("span", { "aria-current": "page", title: text }, text);

function crumbs(place: Place): readonly HTMLElement[] {
  switch (place.kind) {
    case "clusters":
      return [];
    case "cluster":
      return [slash(), here(place.clusterId)];
    case "topic":
      return [
        slash(),
        h("a", { href: clusterHref(place.clusterId), class: "mono" }, place.clusterId),
        slash(),
        here(place.topic),
      ];
  }
}
