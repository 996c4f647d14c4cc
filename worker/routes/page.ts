/**
 * The page at `/` and the files that it loads, from the deployment's assets. They hold no secret and say nothing of any
 * cluster, so nobody is asked who he is: the page asks for a token itself, and every request that it makes has one.
 */
import { Hono } from "hono";
import type { Scope } from "../env.ts";
import { asset } from "./asset.ts";

/**
 * Nothing but this origin's own files is run, shown or called, nothing inline and nothing made from text; no other page
 * frames it, and no form leaves it.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

export const page = new Hono<Scope>();

page.get("/", (context) => asset(context, "/index.html", POLICY));
page.get("/:folder{page|client}/:file{[a-z0-9-]+\\.(?:ts|css|svg)}", (context) => {
  const { folder, file: name } = context.req.param();
  return asset(context, `/${folder}/${name}`, POLICY);
});
