/**
 * The frames of one client's connection on their way to a controller: over a link while there is one, and by HTTP while
 * there is none. One frame is under way at a time, so they keep their order whichever way each takes.
 */
import type { Identity } from "../identity.ts";
import type { Link } from "./link.ts";
import type { LinkPlace } from "./link-watch.ts";
import type { Links } from "./links.ts";

export interface FrameStream {
  /** Resolves with the response frame. Rejects with `EdgeError`: then the frame may have been executed. */
  send(frame: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** The client is gone. */
  end(): void;
}

export interface LinkedStreamParts {
  readonly links: Links;
  readonly nodeId: number;
  readonly identity: Identity;
  /** What sends a frame by HTTP. */
  readonly byHttp: FrameStream["send"];
  /** What sends one over a link, and judges what becomes of it. */
  readonly byLink: (request: () => Promise<Uint8Array>) => Promise<Uint8Array>;
}

export class LinkedStream implements FrameStream {
  readonly #parts: LinkedStreamParts;
  #at: { readonly link: Link; readonly stream: number } | null = null;
  #isByHttp = false;

  constructor(parts: LinkedStreamParts) {
    this.#parts = parts;
  }

  /** Which way the last frame went; null by HTTP. */
  get place(): LinkPlace | null {
    return this.#isByHttp ? null : this.#at;
  }

  /** `waitMs`: for how long it may wait for others that go over the same link. */
  async send(frame: Uint8Array, signal: AbortSignal, waitMs = 0): Promise<Uint8Array> {
    const { links, nodeId, identity, byHttp, byLink } = this.#parts;
    const link = links.find(nodeId, identity);
    this.#isByHttp = link === null;
    if (link === null) return await byHttp(frame, signal);
    const stream = this.#streamOn(link);
    return await byLink(() => link.request(stream, frame, { signal, waitMs }));
  }

  end(): void {
    this.#at?.link.end(this.#at.stream);
    this.#at = null;
  }

  #streamOn(link: Link): number {
    if (this.#at?.link === link && link.has(this.#at.stream)) return this.#at.stream;
    this.end();
    const { identity } = this.#parts;
    const stream = link.begin(identity.by === "gateway" ? identity.principal : null);
    this.#at = { link, stream };
    return stream;
  }
}
