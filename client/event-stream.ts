/**
 * Server-sent events out of a response (WHATWG HTML, "Server-sent events"), as they arrive. A comment is an event too:
 * it says that the other side is there.
 */
import { RefusedError } from "./refused-error.ts";

export interface ServerEvent {
  /** `message` where the event has no name; `comment` of one that is a comment. */
  readonly name: string;
  readonly data: string;
  /** What to come back with; null where the event has none. */
  readonly id: string | null;
}

/**
 * The events of each piece that arrives, together. Ends when the stream does, mid-event too; throws a `RefusedError` of
 * status 0 when it breaks, or when nothing came for `silenceMs`.
 */
export async function* eventsIn(
  response: Response,
  silenceMs: number,
): AsyncGenerator<readonly ServerEvent[], void, undefined> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  const decoder = new TextDecoder();
  let rest = "";
  try {
    while (true) {
      const { done, value } = await inTime(reader.read(), silenceMs);
      if (done) return;
      const blocks = `${rest}${decoder.decode(value, { stream: true })}`.split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? "";
      const events = blocks.flatMap(eventsOf);
      if (events.length > 0) yield events;
    }
  } finally {
    // Also when the reader of the events has had enough.
    await reader.cancel().catch(() => undefined);
  }
}

function eventsOf(block: string): readonly ServerEvent[] {
  let name = "message";
  let id: string | null = null;
  const data: string[] = [];
  let isComment = false;
  for (const line of block.split(/\r?\n/)) {
    const [, field = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === "" && line !== "") isComment = true;
    else if (field === "event") name = value;
    else if (field === "id") id = value;
    else if (field === "data") data.push(value);
  }
  if (data.length > 0) return [{ name, data: data.join("\n"), id }];
  return isComment ? [{ name: "comment", data: "", id }] : [];
}

async function inTime<Value>(reading: Promise<Value>, ms: number): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(broken(`nothing came for ${ms} ms`));
    }, ms);
  });
  try {
    return await Promise.race([reading, silence]);
  } catch (error) {
    throw error instanceof RefusedError || isAbort(error) ? error : broken(String(error), error);
  } finally {
    clearTimeout(timer);
  }
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === "AbortError";

function broken(why: string, cause?: unknown): RefusedError {
  const refusal = { error_code: 0, message: `the stream broke off (${why})` };
  return new RefusedError("GET metadata-log", { status: 0, refusal, cause });
}
