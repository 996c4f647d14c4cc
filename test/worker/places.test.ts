/** What one token, and all bodies together, may take of an isolate. */
import { describe, expect, test } from "vitest";
import { inPlace } from "../../worker/access/places.ts";
import { readBytes } from "../../worker/http/body.ts";
import { Problem } from "../../worker/http/errors.ts";

const TYPE = "application/octet-stream";
const MB = 1024 * 1024;

interface Begun {
  readonly request: Request;
  readonly end: () => void;
}

/** A body that sends so many bytes, and then waits. */
function begun(bytes: number): Begun {
  const sent = new TransformStream<Uint8Array, Uint8Array>(
    undefined,
    { highWaterMark: 2 },
    { highWaterMark: 2 },
  );
  const writer = sent.writable.getWriter();
  void writer.write(new Uint8Array(bytes));
  const init: RequestInit & { readonly duplex: "half" } = {
    method: "POST",
    body: sent.readable,
    duplex: "half",
    headers: { "Content-Type": TYPE },
  };
  return { request: new Request("http://localhost/", init), end: () => void writer.close() };
}

/** Of a client that stays. */
const { signal } = new AbortController();

const nothing = async (): Promise<void> => undefined;

const kindOf = (error: unknown): unknown => (error instanceof Problem ? error.kind : error);

describe("the places of a token", () => {
  test("are as many as its role says, its own alone, and come back however a request ends", async () => {
    const viewer = { id: "one", role: "viewer" } as const;
    const ends: (() => void)[] = [];
    const waits = Array.from({ length: 100 }, (_, at) =>
      inPlace(viewer, signal, async () => {
        await new Promise<void>((end) => ends.push(end));
        if (at % 2 === 0) throw new Error("a handler failed");
      }).catch(() => undefined),
    );
    let ran = 0;
    const run = async (): Promise<void> => {
      ran += 1;
    };
    await expect(inPlace(viewer, signal, run).catch(kindOf)).resolves.toBe("TOO_MANY_REQUESTS");
    await inPlace({ id: "another", role: "viewer" }, signal, run);
    expect(ran).toBe(1);
    ends[0]?.();
    await waits[0];
    await inPlace(viewer, signal, run);
    for (const end of ends) end();
    await Promise.all(waits);
    for (let at = 0; at < 200; at += 1) await inPlace(viewer, signal, run);
    expect(ran).toBe(202);
  });

  test("come back when a client is gone, whose request is not run to its end", async () => {
    const viewer = { id: "gone", role: "viewer" } as const;
    const gone = new AbortController();
    const never = new Promise<void>(() => undefined);
    for (let at = 0; at < 100; at += 1) void inPlace(viewer, gone.signal, () => never);
    await expect(inPlace(viewer, signal, nothing).catch(kindOf)).resolves.toBe("TOO_MANY_REQUESTS");
    gone.abort();
    await inPlace(viewer, signal, nothing);
  });
});

describe("bodies that are being read", () => {
  test("share a bound; one beyond it is refused, and there is room when they have ended", async () => {
    const six = Array.from({ length: 6 }, () => begun(8 * MB));
    const reads = six.map(({ request }) => readBytes(request, TYPE));
    await new Promise((settle) => setTimeout(settle, 20));
    const seventh = begun(1);
    await expect(readBytes(seventh.request, TYPE).catch(kindOf)).resolves.toBe("OVERLOADED");
    for (const { end } of six) end();
    expect((await Promise.all(reads)).map((bytes) => bytes.length)).toEqual(Array(6).fill(8 * MB));
    const after = begun(8 * MB);
    after.end();
    expect((await readBytes(after.request, TYPE)).length).toBe(8 * MB);
  });
});
