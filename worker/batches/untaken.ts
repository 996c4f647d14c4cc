/**
 * What the clients of an isolate's sockets have not taken yet. A runtime keeps what it has sent until the other side
 * takes it, and says nothing of it; so a client says how many answers have come, and until then they count.
 */

/** Of one socket, and of all in an isolate, which has 128 MB: a character takes a byte, or some more. */
const OWN_CHARACTERS_MAX = 4 * 1_024 * 1_024;
const ALL_CHARACTERS_MAX = 32 * 1_024 * 1_024;

let all = 0;

export class Untaken {
  /** By answer, the oldest first. */
  readonly #sizes: number[] = [];
  #own = 0;
  #sent = 0;
  #isGone = false;

  /** How many answers were sent, taken or not. */
  get sent(): number {
    return this.#sent;
  }

  /** How many of them are not taken. */
  get count(): number {
    return this.#sizes.length;
  }

  hasRoomFor(characters: number): boolean {
    return this.#own + characters <= OWN_CHARACTERS_MAX && all + characters <= ALL_CHARACTERS_MAX;
  }

  /** Counts an answer that is sent now. */
  send(characters: number): void {
    if (this.#isGone) return;
    this.#sent += 1;
    this.#sizes.push(characters);
    this.#count(characters);
  }

  /** The client says how many have come. False when that many were not sent. */
  take(count: number): boolean {
    if (count > this.#sent) return false;
    const taken = this.#sizes.splice(0, Math.max(0, count - (this.#sent - this.#sizes.length)));
    this.#count(-taken.reduce((sum, size) => sum + size, 0));
    return true;
  }

  /** The client is gone, and takes nothing more. */
  drop(): void {
    this.#isGone = true;
    this.#count(-this.#own);
    this.#sizes.length = 0;
  }

  #count(characters: number): void {
    this.#own += characters;
    all += characters;
  }
}
