/**
 * Metrics in Prometheus' text format, version 0.0.4: families with their help and type, one sample a line. Names are
 * ours; what stands in labels may be anybody's, and is escaped.
 */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = Readonly<Record<string, string | number>>;

interface Family {
  readonly type: "gauge" | "counter" | "summary";
  readonly help: string;
  readonly lines: string[];
}

export class Exposition {
  readonly #families = new Map<string, Family>();

  gauge(name: string, help: string, labels: Labels, value: number): void {
    this.#add({ name, type: "gauge", help }, name, labels, value);
  }

  counter(name: string, help: string, labels: Labels, value: number): void {
    this.#add({ name, type: "counter", help }, name, labels, value);
  }

  /** How many there were, and what they sum up to. */
  summary(
    name: string,
    help: string,
    labels: Labels,
    { count, sum }: { readonly count: number; readonly sum: number },
  ): void {
    const family = { name, type: "summary", help } as const;
    this.#add(family, `${name}_sum`, labels, sum);
    this.#add(family, `${name}_count`, labels, count);
  }

  get text(): string {
    return [...this.#families]
      .map(
        ([name, { type, help, lines }]) =>
          `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("\n")}\n`,
      )
      .join("");
  }

  #add(
    { name, type, help }: { readonly name: string } & Pick<Family, "type" | "help">,
    sample: string,
    labels: Labels,
    value: number,
  ): void {
    const family: Family = this.#families.get(name) ?? { type, help, lines: [] };
    this.#families.set(name, family);
    const written = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    family.lines.push(`${sample}{${written.join(",")}} ${valueText(value)}`);
  }
}

const escaped = (text: string | number): string =>
  String(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

const valueText = (value: number): string => (Number.isNaN(value) ? "NaN" : String(value));
