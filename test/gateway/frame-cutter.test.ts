/** Cutting a stream into frames, however the network has cut it before. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FrameCutter, FrameSizeError, sized, sizePrefix } from "../../gateway/tcp/frame-cutter.ts";

const stream = (bodies: readonly Uint8Array[]): Buffer =>
  Buffer.concat(bodies.flatMap((body) => [sizePrefix(body), body]));

test("the same frames come out wherever the stream is cut", () => {
  const bodies = fc.array(fc.uint8Array({ minLength: 8, maxLength: 40 }), { maxLength: 8 });
  fc.assert(
    fc.property(bodies, fc.array(fc.nat(20), { maxLength: 50 }), (frames, cuts) => {
      const cutter = new FrameCutter(100);
      let rest: Uint8Array = stream(frames);
      const cut: Uint8Array[] = [];
      for (const size of [...cuts, rest.length]) {
        cut.push(...cutter.push(rest.subarray(0, size)));
        rest = rest.subarray(size);
      }
      expect(cut.map((frame) => [...frame])).toEqual(frames.map((frame) => [...frame]));
    }),
  );
});

test("no stream of bytes makes it throw anything but its own refusal", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 30 })), (chunks) => {
      const cutter = new FrameCutter(64);
      try {
        for (const chunk of chunks)
          for (const frame of cutter.push(chunk)) expect(frame.length).toBeLessThanOrEqual(64);
      } catch (error) {
        expect(error).toBeInstanceOf(FrameSizeError);
      }
    }),
  );
});

test("a frame of exactly the limit is taken, one byte more is refused before its body comes", () => {
  const limit = 64;
  const body = new Uint8Array(limit);
  expect(new FrameCutter(limit).push(stream([body]))).toHaveLength(1);
  expect(() => new FrameCutter(limit).push(sizePrefix(new Uint8Array(limit + 1)))).toThrow(
    FrameSizeError,
  );
});

test("a frame behind its size is what its two parts are", () => {
  for (const length of [8, 100, 4_096]) {
    const frame = Uint8Array.from({ length }, (_, at) => at);
    expect(sized(frame)).toEqual(stream([frame]));
  }
});
