/**
 * The mistakes that the simulator must notice. Each line is one: where it is made, by exact text that occurs
 * once, and which invariant is expected to fall. Where one of the core's own assertions stands behind the
 * rule, it is taken away too, so that the checkers outside have to see it for themselves.
 *
 * A bug that was found and fixed gets a line here that brings it back.
 */
import { ACCESS_MUTANTS } from "./access.ts";
import { CONTROLLER_MUTANTS } from "./controller.ts";
import { ELECTION_MUTANTS } from "./election.ts";
import { ELR_MUTANTS } from "./elr.ts";
import { INSTALL_MUTANTS } from "./installs.ts";
import { LINK_MUTANTS } from "./link.ts";
import { METADATA_MUTANTS } from "./metadata.ts";
import { MEMBERSHIP_MUTANTS } from "./membership.ts";
import type { Mutant } from "./mutant.ts";
import { OBSERVING_MUTANTS } from "./observing.ts";
import { READING_MUTANTS } from "./reading.ts";
import { REPLICATION_MUTANTS } from "./replication.ts";
import { SHELL_MUTANTS } from "./shell.ts";
import { SLEEP_MUTANTS } from "./sleep.ts";
import { SNAPSHOT_MUTANTS } from "./snapshots.ts";
import { TOKEN_MUTANTS } from "./tokens.ts";

export const MUTANTS: readonly Mutant[] = [
  ...ELECTION_MUTANTS,
  ...REPLICATION_MUTANTS,
  ...READING_MUTANTS,
  ...SHELL_MUTANTS,
  ...SNAPSHOT_MUTANTS,
  ...INSTALL_MUTANTS,
  ...METADATA_MUTANTS,
  ...ELR_MUTANTS,
  ...ACCESS_MUTANTS,
  ...TOKEN_MUTANTS,
  ...CONTROLLER_MUTANTS,
  ...MEMBERSHIP_MUTANTS,
  ...LINK_MUTANTS,
  ...OBSERVING_MUTANTS,
  ...SLEEP_MUTANTS,
];
