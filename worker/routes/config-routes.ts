/**
 * The five routes that whatever has configs has: all of its configs, one, setting one, putting one back, and several
 * changes at once.
 */
import type { Hono } from "hono";
import type { MetadataImage } from "../../src/metadata/index.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { answerFromImage, answerListFromImage } from "../observer/metadata-read.ts";
import { alterConfigs, resetConfig, setConfig } from "./config-changes.ts";
import { configAt, configItems, type ConfigOwner } from "./config-data.ts";

export interface ConfigOwners {
  /** As the path names it. */
  readonly named: (context: ScopedContext) => ConfigOwner;
  /** The same, as the image has it; a `Problem` where it is not there. */
  readonly present: (context: ScopedContext, image: MetadataImage) => ConfigOwner;
}

/** Serves them at `path`, which ends before `/{name}` and `:alter`. */
export function serveConfigs(routes: Hono<Scope>, path: string, owners: ConfigOwners): void {
  const { named, present } = owners;
  routes.get(path, (context) =>
    answerListFromImage(context, (image) => {
      const owner = present(context, image);
      return { kind: `${owner.kind}List`, items: configItems(context, { image, owner }) };
    }),
  );
  routes.get(`${path}/:name`, (context) =>
    answerFromImage(context, (image) =>
      configAt(context, { image, owner: present(context, image) }, nameIn(context)),
    ),
  );
  routes.put(`${path}/:name`, (context) => setConfig(context, named(context), nameIn(context)));
  routes.delete(`${path}/:name`, (context) =>
    resetConfig(context, named(context), nameIn(context)),
  );
  routes.post(`${path}:alter`, (context) => alterConfigs(context, named(context)));
}

const nameIn = ({ req }: ScopedContext): string => req.param("name") ?? "";
