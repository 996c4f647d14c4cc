/** A reader of server-sent events, as a browser is one: what comes, event by event, until the test has seen enough. */

export interface ReadEvent<Data = unknown> {
  /** `message` where the server names none. */
  readonly event: string;
  readonly id: string | undefined;
  readonly data: Data;
}

/** `Data` is what the test says that events hold. */
export class EventReader<Data = unknown> {
  readonly response: Response;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";
  #events: ReadEvent<Data>[] = [];
  /** Comments, without the colon. */
  readonly comments: string[] = [];
  /** What the server asks for: in how many ms to come back. */
  retryMs: number | undefined;

  constructor(response: Response) {
    if (response.body === null) throw new Error("an answer without a body");
    this.response = response;
    this.#reader = response.body.getReader();
  }

  /** Reads until an event is such, and returns all that came up to it. Fails at the end of the stream. */
  async until(isLast: (event: ReadEvent<Data>) => boolean): Promise<readonly ReadEvent<Data>[]> {
    for (;;) {
      const at = this.#events.findIndex(isLast);
      if (at >= 0) return this.#events.splice(0, at + 1);
      if (!(await this.#read()))
        throw new Error(`the stream ended after ${JSON.stringify(this.#events)}`);
    }
  }

  /** The rest, to the end of the stream. */
  async rest(): Promise<readonly ReadEvent<Data>[]> {
    while (await this.#read());
    return this.#events.splice(0);
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }

  async #read(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    if (done) return false;
    this.#text += this.#decoder.decode(value, { stream: true });
    const blocks = this.#text.split("\n\n");
    this.#text = blocks.pop() ?? "";
    for (const block of blocks) this.#take(block);
    return true;
  }

  #take(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split("\n")) {
      if (line.startsWith(":")) this.comments.push(line.slice(1).trim());
      const [, name = "", value = ""] = /^(\w+): ?(.*)$/.exec(line) ?? [];
      if (name !== "") fields.set(name, value);
    }
    const retry = fields.get("retry");
    if (retry !== undefined) this.retryMs = Number(retry);
    const data = fields.get("data");
    if (data === undefined) return;
    const parsed: Data = JSON.parse(data);
    const event = fields.get("event") ?? "message";
    this.#events.push({ event, id: fields.get("id"), data: parsed });
  }
}
