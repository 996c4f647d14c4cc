/**
 * Work of a second, done for all who ask at a path at once. At `/kept` it goes on for the others when the client hangs
 * up of the request that does it; at any other it ends then.
 */
import { SharedWork } from "../../../worker/observer/shared-work.ts";

const STEPS = 10;
const STEP_MS = 100;

interface Count {
  begun: number;
  done: number;
}

const works = new SharedWork({ worksMax: 10, stalledMs: 15_000 });
const counts = new Map<string, Count>();

export default {
  async fetch(
    { url, signal }: Request,
    _: unknown,
    context: { waitUntil(work: Promise<unknown>): void },
  ): Promise<Response> {
    const { pathname } = new URL(url);
    const count = counts.get(pathname) ?? { begun: 0, done: 0 };
    counts.set(pathname, count);
    const keepAlive = (work: Promise<unknown>): void => context.waitUntil(work);
    const doer = pathname === "/kept" ? { signal, keepAlive } : { signal };
    while (count.done === 0)
      await works.run(
        pathname,
        async (progress) => {
          count.begun += 1;
          for (let at = 0; at < STEPS; at += 1) {
            await new Promise((settle) => setTimeout(settle, STEP_MS));
            progress.step();
          }
          count.done += 1;
        },
        doer,
      );
    return Response.json(count);
  },
};
