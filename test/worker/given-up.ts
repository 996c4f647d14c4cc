/** Requests whose clients hang up. */
import { vi } from "vitest";
import { app } from "../../worker/app.ts";
import type { Bindings } from "../../worker/env.ts";

/** Asks at `url`, and stops for ever where a controller is asked: no timer of the request runs on either. */
export async function giveUp(env: Bindings, url: string, init: RequestInit): Promise<void> {
  const asking = Promise.withResolvers<void>();
  const fetch = (): Promise<never> => {
    asking.resolve();
    return new Promise(() => undefined);
  };
  vi.stubGlobal("setTimeout", () => 0);
  const deaf = { ...env, CONTROLLERS: { ...env.CONTROLLERS, getByName: () => ({ fetch }) } };
  void app.request(url, init, deaf);
  await asking.promise;
  vi.unstubAllGlobals();
}
