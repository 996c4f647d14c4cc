/**
 * The headers of every answer that are no resource's own: what a browser must not do with it. An answer is data for a
 * program, so a page may not run it, frame it, guess its type or keep it; what a handler has said already stays.
 */
import type { MiddlewareHandler } from "hono";
import type { Scope } from "../env.ts";

const HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
} as const;

export const answerHeaders: MiddlewareHandler<Scope> = async (context, next) => {
  await next();
  const { headers } = context.res;
  for (const [name, value] of Object.entries(HEADERS)) {
    if (!headers.has(name)) headers.set(name, value);
  }
};
