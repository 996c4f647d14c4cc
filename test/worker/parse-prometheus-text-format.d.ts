/** The types of a parser that ships none. */
declare module "parse-prometheus-text-format" {
  interface PrometheusFamily {
    readonly name: string;
    readonly help: string;
    readonly type: string;
    readonly metrics: readonly {
      readonly value?: string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly count?: string;
      readonly sum?: string;
    }[];
  }
  // oxlint-disable-next-line import/no-default-export -- it is what the package exports
  export default function parsePrometheusTextFormat(text: string): readonly PrometheusFamily[];
}
