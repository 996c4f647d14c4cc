/**
 * What REST v3 has of the data plane: consumer groups, records, offsets. Brokers keep these; controllers hear nothing
 * of them. The paths say so, rather than that nothing is there.
 */
import { Hono } from "hono";
import type { Scope } from "../env.ts";
import { Problem } from "../http/errors.ts";

export const dataPlane = new Hono<Scope>();

dataPlane.get("/consumer-groups", () => refuse("consumer groups"));
dataPlane.get("/consumer-groups/:path{.+}", () => refuse("consumer groups"));
dataPlane.get("/topics/:topic_name/partitions/:partition_id{[0-9]+}/offset", () =>
  refuse("the offsets of a partition"),
);
dataPlane.post("/topics/:topic_name/records", () => refuse("records"));
dataPlane.post("/topics/:topic_name/records:batch", () => refuse("records"));

function refuse(what: string): never {
  throw new Problem(
    "DATA_PLANE",
    `${what} are a broker's: this is the interface of the controllers, which keep metadata alone`,
  );
}
