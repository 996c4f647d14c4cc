/** The configs of a topic as a table, those first that were set, and where each value comes from. */
import type { Config } from "../client/configs.ts";
import { h, rows, say } from "./element.ts";

export function configsTable() {
  const body = h("tbody", {});
  let edit: ((config: Config) => void) | null = null;
  const show = rows<Config>(
    body,
    ({ name }) => name,
    ({ name }) => {
      const value = h("td", { class: "value" });
      const source = h("td", {});
      let last: Config | null = null;
      const button = h(
        "button",
        {
          type: "button",
          class: "small",
          "aria-label": `Set ${name}`,
          on: { click: () => last !== null && edit?.(last) },
        },
        "Set…",
      );
      const element = h("tr", {}, h("td", {}, name), value, source, h("td", {}, button));
      return {
        element,
        show: (config) => {
          last = config;
          element.className = config.is_default ? "" : "set";
          say(value, config.is_sensitive ? "(secret)" : (config.value ?? "—"));
          say(source, sourceWords(config));
          button.hidden = edit === null || config.is_read_only || config.is_sensitive;
        },
      };
    },
  );
  return {
    element: h(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-label": "Configs" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ...["Name", "Value", "From"].map((text) => h("th", { scope: "col" }, text)),
            h("td", {}),
          ),
        ),
        body,
      ),
    ),
    /** From here on a row has a button that sets its config. */
    allow: (act: (config: Config) => void) => {
      edit = act;
    },
    /** What was set first. */
    show: (configs: readonly Config[]) =>
      show(configs.toSorted((one, other) => Number(one.is_default) - Number(other.is_default))),
  };
}

const SOURCES: Readonly<Record<string, string>> = {
  DYNAMIC_TOPIC_CONFIG: "set on this topic",
  DYNAMIC_BROKER_CONFIG: "set on a broker",
  DYNAMIC_DEFAULT_BROKER_CONFIG: "set for all brokers",
  STATIC_BROKER_CONFIG: "a broker's file",
  DEFAULT_CONFIG: "Kafka's default",
};

const sourceWords = ({ source }: Config): string => SOURCES[source] ?? source.toLowerCase();
