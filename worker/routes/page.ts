/**
 * The page at `/` and the files that it loads, from the deployment's assets. They hold no secret and say nothing of any
 * cluster, so nobody is asked who he is: the page asks for a token itself, and every request that it makes has one.
 */
import { Hono } from "hono";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";

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

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  // Without their types.
  ts: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

export const page = new Hono<Scope>();

page.get("/", (context) => file(context, "/index.html"));
page.get("/:folder{page|client}/:file{[a-z0-9-]+\\.(?:ts|css|svg)}", (context) => {
  const { folder, file: name } = context.req.param();
  return file(context, `/${folder}/${name}`);
});

async function file(context: ScopedContext, path: string): Promise<Response> {
  const held = context.req.header("If-None-Match");
  const found = await context.env.PAGE?.fetch(`https://page${path}`, {
    headers: held === undefined ? {} : { "If-None-Match": held },
  });
  if (found === undefined || (!found.ok && found.status !== 304)) {
    await found?.body?.cancel();
    throw new Problem("UNKNOWN_PATH", `nothing is at GET ${context.req.path}`);
  }
  const tag = found.headers.get("ETag");
  return new Response(found.body, {
    status: found.status,
    headers: {
      "Content-Type": TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream",
      "Content-Security-Policy": POLICY,
      "Cross-Origin-Opener-Policy": "same-origin",
      // A deploy changes files that import each other: each is asked for, and mostly answered with 304.
      "Cache-Control": "no-cache",
      ...(tag === null ? {} : { ETag: tag }),
    },
  });
}
