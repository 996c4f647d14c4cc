/** What somebody in a world does again and again, at times that chance chooses, until it is to become quiet. */
import type { World } from "./world.ts";

/** Every `everyMs` on average, for the first time after such a while too; not while it `isSilent`, as in any lull. */
export function untilQuiet(
  world: World,
  everyMs: number,
  act: () => void,
  isSilent: () => boolean = () => world.lulls.isLull,
): void {
  world.timeline.after(world.chance.between(0, 2 * everyMs), () => {
    if (world.isQuiet) return;
    if (!isSilent()) act();
    untilQuiet(world, everyMs, act, isSilent);
  });
}
