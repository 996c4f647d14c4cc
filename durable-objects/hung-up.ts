/**
 * What becomes of a request whose caller has hung up: it gives back its place, at a leader or among those that wait for
 * a commit, and nothing is done on its behalf any more.
 */
export class HungUp extends Error {
  override readonly name = "HungUp";

  constructor() {
    super("the caller has hung up");
  }
}
