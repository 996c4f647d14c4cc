/**
 * Every API that the metadata core answers, by name: the shell dispatches on this table and knows no rule. The one
 * cast of this folder is here: the shell has decoded the request with the schema of that very API.
 */
import type { ApiName } from "../../protocol/index.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import type { ControlContext, ControlOperation, ControlResult } from "./operation.ts";

export interface ControllerApi {
  /** A read writes no records whatever is asked; it may run against the committed image. */
  readonly kind: "read" | "write";
  /** `request` is a decoded request of the API, and the response a value of its response. */
  handle(view: MetadataImage, request: unknown, context: ControlContext): ControlResult<unknown>;
}

function served<Request, Response>(
  kind: ControllerApi["kind"],
  operation: ControlOperation<Request, Response>,
): ControllerApi {
  return {
    kind,
    handle: (view, request, context) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- decoded by the schema of this API
      operation(view, request as Request, context),
  };
}

export const controllerApis: ReadonlyMap<ApiName, ControllerApi> = new Map<ApiName, ControllerApi>(
  [],
);
