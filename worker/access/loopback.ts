/**
 * What a run on one's own machine is asked by: programs there, and pages of a browser there, which may be anybody's. A
 * page of another origin is told so by its browser; one whose name was pointed at this address afterwards (DNS
 * rebinding) calls it by that name. Both are refused, whatever they bring.
 */
import { Problem } from "../http/errors.ts";
import { originsIn } from "../http/named-origins.ts";

const NAMES = ["127.0.0.1", "localhost", "[::1]"];

/**
 * Throws a `Problem` for what a page of elsewhere would send; those of the origins that `named` lists are from here.
 */
export function assertFromHere(request: Request, named: string): void {
  const host = request.headers.get("Host") ?? new URL(request.url).host;
  if (!NAMES.includes(host.replace(/:\d+$/, ""))) {
    throw new Problem(
      "FORBIDDEN",
      "this runtime is called 127.0.0.1 or localhost, and was called otherwise",
    );
  }
  const origin = request.headers.get("Origin");
  if (origin !== null && origin !== `http://${host}` && !originsIn(named).has(origin))
    throw new Problem("FORBIDDEN", "pages of another origin may not ask here");
}
