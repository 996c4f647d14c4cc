/** A client's address as ACLs write it, and what is none. */
import { expect, test } from "vitest";
import { DecodeError, decodeHostAddress } from "../../src/protocol/index.ts";
import { fromHex } from "./fixtures.ts";

test.each([
  ["7f000001", "127.0.0.1"],
  ["0a00ffff", "10.0.255.255"],
  ["00000000000000000000000000000001", "0:0:0:0:0:0:0:1"],
  ["20010db8000000000000ff0000428329", "2001:db8:0:0:0:ff00:42:8329"],
  ["00000000000000000000ffff0a000001", "10.0.0.1"],
  ["00000000000000000001ffff0a000001", "0:0:0:0:1:ffff:a00:1"],
])("%s is %s", (hex, text) => {
  expect(decodeHostAddress(fromHex(hex))).toBe(text);
});

test.each(["", "7f0000", "7f00000100", "00".repeat(15), "00".repeat(17)])(
  "'%s' is no address",
  (hex) => {
    expect(() => decodeHostAddress(fromHex(hex))).toThrow(DecodeError);
  },
);

test("an address is read where it lies, in the middle of a frame", () => {
  const frame = fromHex("ffff20010db8000000000000ff0000428329ffff");
  expect(decodeHostAddress(frame.subarray(2, 18))).toBe("2001:db8:0:0:0:ff00:42:8329");
});
