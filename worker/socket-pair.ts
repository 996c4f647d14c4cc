/** A WebSocket of which this Worker is the other end, as far as it is used. The platform's pair is in `index.ts`. */

export interface ServedSocket {
  send(text: string): void;
  close(code: number, reason: string): void;
  addEventListener(type: "message", heard: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close" | "error", ended: () => void): void;
}

/** Accepts a WebSocket: this end of it, and the answer that gives the client the other. */
export type AcceptSocket = (headers: Readonly<Record<string, string>>) => {
  readonly socket: ServedSocket;
  readonly response: Response;
};
