/** A file of the deployment, as it is handed out: with its type and its tag, and asked for again each time. */
import type { ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  // Without their types.
  ts: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  json: "application/json",
};

/** The file at that path, which begins with a slash; a `Problem` where there is none. `policy` is what it may do. */
export async function asset(
  context: ScopedContext,
  path: string,
  policy?: string,
): Promise<Response> {
  const held = context.req.header("If-None-Match");
  const found = await context.env.PAGE?.fetch(`https://assets${path}`, {
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
      ...(policy === undefined ? {} : { "Content-Security-Policy": policy }),
      "Cross-Origin-Opener-Policy": "same-origin",
      // A deploy changes files that import each other: each is asked for, and mostly answered with 304.
      "Cache-Control": "no-cache",
      ...(tag === null ? {} : { ETag: tag }),
    },
  });
}
