/**
 * A duty: what the active controller does of its own accord, where an operation is asked for by a request. It has the
 * shape of an operation all the same, with a view, a context and one batch of records. When duties are due is the
 * shell's to know.
 */
import type { ControlContext, ControlResult } from "../control/operation.ts";
import type { MetadataImage } from "../image/metadata-image.ts";

export interface Duty<Report> {
  /** As traces and errors call it. */
  readonly name: string;
  readonly rule: (view: MetadataImage, context: ControlContext) => ControlResult<Report>;
}
