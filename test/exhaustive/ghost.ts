/**
 * What has ever been true, which no replica need remember: who has led each epoch, and what leaders have known to be
 * committed. It travels with the world, so that each world can be judged by itself.
 */
import { type Identified, Identities } from "./identities.ts";
import { type Relabeling, textOf } from "./relabeling.ts";
import type { Log } from "./stored.ts";

export interface Ghost extends Identified {
  /** By epoch, the id of its leader. */
  readonly leaders: ReadonlyMap<number, number>;
  /** By epoch, up to where its leader has committed. */
  readonly commits: ReadonlyMap<number, Log>;
  /** The longest of these. */
  readonly committed: Log;
}

export class Ghosts {
  readonly #known = new Identities<Omit<Ghost, keyof Identified>>(
    (ghost, names: Relabeling) => `ghost ${textOf(ghost, names)}`,
  );

  readonly none: Ghost = this.#known.of({
    leaders: new Map(),
    commits: new Map(),
    committed: null,
  });

  withLeader(ghost: Ghost, epoch: number, leader: number): Ghost {
    if (ghost.leaders.get(epoch) === leader) return ghost;
    const { commits, committed } = ghost;
    return this.#known.of({
      leaders: new Map(ghost.leaders).set(epoch, leader),
      commits,
      committed,
    });
  }

  withCommit(ghost: Ghost, epoch: number, committed: Log): Ghost {
    const { leaders, commits } = ghost;
    return this.#known.of({
      leaders,
      commits: new Map(commits).set(epoch, committed),
      committed,
    });
  }
}
