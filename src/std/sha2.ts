/**
 * SHA-256, SHA-512 (FIPS 180-4) and HMAC (RFC 2104), at once: the platform's own answer later, and a core that is a
 * function of its input cannot wait. Both work on words of 64 or 32 bits; those of 64 are kept as two halves.
 */

type Digest = (message: Uint8Array) => Uint8Array;

export interface Hash {
  /** What HMAC fills a key up to. */
  readonly blockBytes: number;
  readonly digest: Digest;
  /** The digests of what begins with `block`, one whole block, which is hashed once for all of them. */
  readonly after: (block: Uint8Array) => Digest;
}

export const SHA_256: Hash = hashOf(64, sha256);
export const SHA_512: Hash = hashOf(128, sha512);

export const hmac = (hash: Hash, key: Uint8Array, message: Uint8Array): Uint8Array =>
  keyedHmac(hash, key)(message);

/** HMAC for many messages: the key's own two blocks are hashed once. */
export function keyedHmac(hash: Hash, key: Uint8Array): Digest {
  const block = new Uint8Array(hash.blockBytes);
  block.set(key.length > hash.blockBytes ? hash.digest(key) : key);
  const inner = hash.after(block.map((byte) => byte ^ 0x36));
  const outer = hash.after(block.map((byte) => byte ^ 0x5c));
  return (message) => outer(inner(message));
}

/** `compressed`: what becomes of a state when whole blocks are hashed; null for the one in the beginning. */
function hashOf(
  blockBytes: number,
  compressed: (state: Uint32Array | null, blocks: DataView) => Uint32Array,
): Hash {
  const after = (state: Uint32Array | null, bytes: number) => (message: Uint8Array) =>
    bigEndian(compressed(state, padded(message, blockBytes, bytes)));
  return {
    blockBytes,
    digest: after(null, 0),
    after: (block) => {
      const state = compressed(null, new DataView(block.buffer, block.byteOffset, blockBytes));
      return after(state, blockBytes);
    },
  };
}

/** Padded to whole blocks: a bit, zeros, and the length in bits, with that of the `before` bytes hashed already. */
function padded(message: Uint8Array, blockBytes: number, before: number): DataView {
  const { length } = message;
  // The length takes an eighth of a block.
  const blocks = Math.ceil((length + 1 + blockBytes / 8) / blockBytes);
  const bytes = new Uint8Array(blocks * blockBytes);
  bytes.set(message);
  bytes[length] = 0x80;
  const view = new DataView(bytes.buffer);
  view.setBigUint64(bytes.length - 8, BigInt(before + length) * 8n);
  return view;
}

/** The first 64 bits behind the point of the square or cube roots of the first primes: high and low halves in turn. */
function rootsOfPrimes(count: number, degree: 2n | 3n): Uint32Array {
  const halves = new Uint32Array(2 * count);
  const primes: bigint[] = [];
  for (let candidate = 2n; primes.length < count; candidate += 1n) {
    if (primes.some((prime) => candidate % prime === 0n)) continue;
    const bits = integerRoot(candidate << (64n * degree), degree);
    halves[2 * primes.length] = Number((bits >> 32n) & 0xffff_ffffn);
    halves[2 * primes.length + 1] = Number(bits & 0xffff_ffffn);
    primes.push(candidate);
  }
  return halves;
}

/** The largest whole number whose power is not above `value`, by Newton's method from above. */
function integerRoot(value: bigint, degree: bigint): bigint {
  let root = 1n << 80n;
  for (;;) {
    const next = ((degree - 1n) * root + value / root ** (degree - 1n)) / degree;
    if (next >= root) return root;
    root = next;
  }
}

const INITIAL = rootsOfPrimes(8, 2n);
const ROUNDS = rootsOfPrimes(80, 3n);

/** SHA-256 has the high halves of what SHA-512 has. */
const highHalves = (halves: Uint32Array): Uint32Array => halves.filter((_, at) => at % 2 === 0);
const INITIAL_32 = highHalves(INITIAL);
const ROUNDS_32 = highHalves(ROUNDS);

const rotated = (word: number, by: number): number => (word >>> by) | (word << (32 - by));

function sha256(before: Uint32Array | null, message: DataView): Uint32Array {
  const state = Uint32Array.from(before ?? INITIAL_32);
  const schedule = new Uint32Array(64);
  for (let offset = 0; offset < message.byteLength; offset += 64) {
    for (let t = 0; t < 16; t += 1) schedule[t] = message.getUint32(offset + 4 * t);
    for (let t = 16; t < 64; t += 1) {
      const early = word(schedule, t - 15);
      const late = word(schedule, t - 2);
      const mixedEarly = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3);
      const mixedLate = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10);
      schedule[t] = mixedLate + word(schedule, t - 7) + mixedEarly + word(schedule, t - 16);
    }
    compress256(state, schedule);
  }
  return state;
}

/** Every index that is asked for is there. */
const word = (words: Uint32Array, at: number): number => words[at] ?? 0;

function compress256(state: Uint32Array, schedule: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < 64; t += 1) {
    const mixedE = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const chosen = (e & f) ^ (~e & g);
    const first = (h + mixedE + chosen + word(ROUNDS_32, t) + word(schedule, t)) | 0;
    const mixedA = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + mixedA + majority) | 0;
  }
  for (const [at, value] of [a, b, c, d, e, f, g, h].entries()) {
    state[at] = word(state, at) + value;
  }
}

/**
 * The high half of a word that is rotated to the right by less than 32 bits; with the halves changed over, the low one.
 */
const half = (high: number, low: number, by: number): number => (high >>> by) | (low << (32 - by));

/** What a sum of low halves carries into the high ones. */
const carry = (sum: number): number => (sum / 0x1_0000_0000) | 0;

function sha512(before: Uint32Array | null, message: DataView): Uint32Array {
  const state = Uint32Array.from(before ?? INITIAL);
  const schedule = new Uint32Array(160);
  for (let offset = 0; offset < message.byteLength; offset += 128) {
    for (let t = 0; t < 32; t += 1) schedule[t] = message.getUint32(offset + 4 * t);
    for (let t = 32; t < 160; t += 2) {
      const eh = word(schedule, t - 30);
      const el = word(schedule, t - 29);
      const lh = word(schedule, t - 4);
      const ll = word(schedule, t - 3);
      const earlyHigh = half(eh, el, 1) ^ half(eh, el, 8) ^ (eh >>> 7);
      const earlyLow = half(el, eh, 1) ^ half(el, eh, 8) ^ half(el, eh, 7);
      // 61 is 32 and 29: the halves have changed places.
      const lateHigh = half(lh, ll, 19) ^ half(ll, lh, 29) ^ (lh >>> 6);
      const lateLow = half(ll, lh, 19) ^ half(lh, ll, 29) ^ half(ll, lh, 6);
      const low =
        (lateLow >>> 0) + word(schedule, t - 13) + (earlyLow >>> 0) + word(schedule, t - 31);
      schedule[t] =
        lateHigh + word(schedule, t - 14) + earlyHigh + word(schedule, t - 32) + carry(low);
      schedule[t + 1] = low;
    }
    compress512(state, schedule);
  }
  return state;
}

/** As `compress256`, each word in two halves: `aH` and `aL` are a. */
function compress512(state: Uint32Array, schedule: Uint32Array): void {
  let [aH = 0, aL = 0, bH = 0, bL = 0, cH = 0, cL = 0, dH = 0, dL = 0] = state;
  let [eH = 0, eL = 0, fH = 0, fL = 0, gH = 0, gL = 0, hH = 0, hL = 0] = state.subarray(8);
  for (let t = 0; t < 160; t += 2) {
    const mixedEH = half(eH, eL, 14) ^ half(eH, eL, 18) ^ half(eL, eH, 9);
    const mixedEL = half(eL, eH, 14) ^ half(eL, eH, 18) ^ half(eH, eL, 9);
    const chosenH = (eH & fH) ^ (~eH & gH);
    const chosenL = (eL & fL) ^ (~eL & gL);
    const firstL =
      (hL >>> 0) + (mixedEL >>> 0) + (chosenL >>> 0) + word(ROUNDS, t + 1) + word(schedule, t + 1);
    const firstH =
      (hH + mixedEH + chosenH + word(ROUNDS, t) + word(schedule, t) + carry(firstL)) | 0;
    const mixedAH = half(aH, aL, 28) ^ half(aL, aH, 2) ^ half(aL, aH, 7);
    const mixedAL = half(aL, aH, 28) ^ half(aH, aL, 2) ^ half(aH, aL, 7);
    const majorityH = (aH & bH) ^ (aH & cH) ^ (bH & cH);
    const majorityL = (aL & bL) ^ (aL & cL) ^ (bL & cL);
    const nextEL = (dL >>> 0) + (firstL >>> 0);
    const nextAL = (firstL >>> 0) + (mixedAL >>> 0) + (majorityL >>> 0);
    [hH, hL, gH, gL, fH, fL] = [gH, gL, fH, fL, eH, eL];
    eH = (dH + firstH + carry(nextEL)) | 0;
    eL = nextEL | 0;
    [dH, dL, cH, cL, bH, bL] = [cH, cL, bH, bL, aH, aL];
    aH = (firstH + mixedAH + majorityH + carry(nextAL)) | 0;
    aL = nextAL | 0;
  }
  const sums = [aH, aL, bH, bL, cH, cL, dH, dL, eH, eL, fH, fL, gH, gL, hH, hL];
  for (let at = 0; at < 16; at += 2) {
    const low = word(state, at + 1) + ((sums[at + 1] ?? 0) >>> 0);
    state[at] = word(state, at) + (sums[at] ?? 0) + carry(low);
    state[at + 1] = low;
  }
}

function bigEndian(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of words.entries()) view.setUint32(4 * at, value);
  return bytes;
}
