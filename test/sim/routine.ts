/** What somebody in a world does again and again, at times that chance chooses, until it is to become quiet. */
import type { World } from "./world.ts";

/** Every `everyMs` on average, for the first time after such a while too. */
export function untilQuiet(world: World, everyMs: number, act: () => void): void {
  world.timeline.after(world.chance.between(0, 2 * everyMs), () => {
    if (world.isQuiet) return;
    act();
    untilQuiet(world, everyMs, act);
  });
}
