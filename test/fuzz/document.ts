/**
 * The document for one run: about the cluster that there is, and with its paths in an order that the seed draws, so that
 * what time does not reach is not always the same.
 */
import { createHash } from "node:crypto";

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
  readonly seed: string;
}

/** Of the text that is served. */
export function documentFor(text: string, { clusterId, seed }: Run): string {
  const document: Served = JSON.parse(text);
  const place = (path: string): string =>
    createHash("sha256").update(`${seed} ${path}`).digest("hex");
  const paths = Object.entries(document.paths)
    .toSorted(([one], [other]) => (place(one) < place(other) ? -1 : 1))
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
