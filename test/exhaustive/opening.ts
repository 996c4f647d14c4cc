/**
 * Where an exploration begins: at a moment that the core itself has come to, in one way of many. The way to a first
 * leader is always much the same, and would take up most of the depth that can be had.
 */
import type { Course } from "./course.ts";
import type { Happening, Move } from "./move.ts";
import { endOf } from "./stored.ts";
import type { World } from "./world.ts";

export function opening(course: Course): readonly World[] {
  return course.booted().map((booted) => opened(course, booted));
}

/** More than any quorum needs to find its first leader. */
const MOVES_MAX = 1_000;

/** All messages arrive, the one after the other; if there is to be a leader, it is the first node. */
function opened(course: Course, booted: World): World {
  const isSettled = course.model.begins === "with a leader" ? isLed : isQuiet;
  let world = booted;
  for (let made = 0; made < MOVES_MAX; made += 1) {
    if (isSettled(world)) return world;
    const move = nextOf(course, world);
    const next = move === undefined ? undefined : course.outcomes(world, move)[0]?.world;
    if (next === undefined || next === null) throw new Error("the quorum does not come to rest");
    world = course.afresh(next);
  }
  throw new Error(`no rest after ${MOVES_MAX} moves`);
}

/** A message, else what makes for new ones. */
function nextOf(course: Course, world: World): Move | undefined {
  const moves = course.allMoves(world).filter(isPlain);
  const delivery = moves.find(({ event }) => event.kind === "delivery");
  if (delivery !== undefined) return delivery;
  const hasLeader = world.replicas.some(({ state }) => state.role.kind === "leader");
  return moves.find((move) => {
    if (move.event.kind !== "timer") return false;
    if (!hasLeader) return move.node === 0 && move.event.timer === "role";
    return move.event.timer === "pause" && course.outcomes(world, move).length > 0;
  });
}

const isPlain = (move: Move): move is Happening =>
  move.kind === "event" && !move.isCopied && !move.isCutShort;

const isQuiet = ({ exchanges }: World): boolean => exchanges.length === 0;

function isLed({ replicas, exchanges, ghost }: World): boolean {
  const end = endOf(ghost.committed);
  return (
    end > 0 &&
    exchanges.every(({ stage }) => stage.kind === "waiting") &&
    replicas.every(({ state, stored }) => state.committed === end && endOf(stored.log) === end)
  );
}
