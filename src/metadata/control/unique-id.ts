/**
 * Ids for what the log names: topics, ACLs. Never the same twice in one log, whatever the generator draws: half
 * of an id is drawn, the other half is the offset of the record that carries it, scrambled one to one. No secret.
 */
import { isReservedUuid, uuidFromBytes, type Uuid } from "../../protocol/index.ts";
import { nextWord, seeded, type Random } from "../../std/random.ts";

/** The id for the record that will be written at `offset`. */
export function uniqueId(random: Random, offset: number): Uuid {
  const low = scrambled(offset >>> 0);
  const high = scrambled(Math.floor(offset / 0x1_0000_0000) ^ low);
  // Two records of one operation share `random`; the offset tells their drawn halves apart as well.
  let drawn = nextWord(seeded(random.word ^ low));
  for (;;) {
    const first = drawn.value;
    const second = nextWord(drawn.random);
    const id = uuidFromBytes(bytesOf([first, second.value, high, low]));
    // As Kafka's: a leading dash looks like an option to a command line.
    if (!id.startsWith("-") && !isReservedUuid(id)) return id;
    drawn = nextWord(second.random);
  }
}

/** A bijection of 32-bit words. */
function scrambled(word: number): number {
  let mixed = word | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

function bytesOf(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, index) => view.setUint32(index * 4, word));
  return bytes;
}
