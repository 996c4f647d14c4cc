/** The document for one run: about the cluster that there is, and of all paths or every so many. */

/** A cluster that is not there. What would take the quorum away from all other operations is asked of it. */
const NO_CLUSTER = "AAAAAAAAAAAAAAAAAAAAAA";
const TAKES_AWAY =
  /^(post|delete) .*(\/clusters\/\{cluster_id\}(:undelete)?|\/controllers(\/\{node_id\}(:[a-z]+)?)?)$/;

interface Served {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly parameters: readonly { readonly name: string }[] }>>
    >
  >;
}

export interface Run {
  readonly clusterId: string;
  /** Which one, from 1 on, of how many parts of the paths it has. */
  readonly part: number;
  readonly parts: number;
}

/** Of the text that is served. */
export function documentFor(text: string, { clusterId, part, parts }: Run): string {
  const document: Served = JSON.parse(text);
  const paths = Object.entries(document.paths)
    .filter((_, at) => at % parts === part - 1)
    .map(([path, operations]) => {
      const named = Object.entries(operations).map(([method, operation]) => {
        const id = TAKES_AWAY.test(`${method} ${path}`) ? NO_CLUSTER : clusterId;
        const parameters = operation.parameters.map((parameter) =>
          parameter.name === "cluster_id"
            ? { ...parameter, schema: { type: "string", enum: [id] }, example: id }
            : parameter,
        );
        return [method, { ...operation, parameters }];
      });
      return [path, Object.fromEntries(named)];
    });
  return JSON.stringify({ ...document, paths: Object.fromEntries(paths) });
}
