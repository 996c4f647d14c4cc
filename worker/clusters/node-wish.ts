/** What is said of a node: its id, where it listens and where it is to be placed, each if it is said. */
import * as v from "valibot";
import { LOCATION_HINTS } from "../../durable-objects/location-hints.ts";
import { fieldsOf, IDS, oneOf, text, wholeNumber } from "../http/fields.ts";

export const NODE_WISH = fieldsOf({
  node_id: v.exactOptional(wholeNumber(IDS)),
  host: v.exactOptional(
    v.pipe(text, v.regex(/^[A-Za-z0-9._:-]{1,255}$/, "must be a host name or address")),
  ),
  port: v.exactOptional(wholeNumber({ min: 1, max: 65_535 })),
  location_hint: v.exactOptional(oneOf(...LOCATION_HINTS)),
});
