/**
 * The two ways in which the wire can fail: bytes that mean nothing (`DecodeError`), and a value that bytes cannot
 * say (`EncodeError`). Both are thrown from wherever the fault is found and gather their path on the way out, so the
 * hot path carries no path at all. They are caught once, where frames are dispatched.
 */

/** Where a fault lies: the message or record, its version, and the field as `topics[0].partitions[2].isr`. */
interface Place {
  readonly api: string;
  readonly version: number;
  readonly path: string;
  readonly reason: string;
}

const describe = ({ api, version, path, reason }: Place): string =>
  `${api}${version < 0 ? "" : ` v${version}`}${path === "" ? "" : `, ${path}`}: ${reason}`;

/** `outer` + `inner` as a reader would write it: `topics` + `[0]`, `[0]` + `name`. */
export const joinPath = (outer: string, inner: string): string =>
  outer === "" || inner === "" || inner.startsWith("[") ? outer + inner : `${outer}.${inner}`;

/** The bytes are not what they should be. `at` counts bytes from where reading began. */
export class DecodeError extends Error implements Place {
  override readonly name = "DecodeError";
  readonly api: string;
  readonly version: number;
  readonly path: string;
  readonly at: number;
  readonly reason: string;

  constructor(reason: string, at: number, place: Partial<Omit<Place, "reason">> = {}) {
    const { api = "bytes", version = -1, path = "" } = place;
    super(`${describe({ api, version, path, reason })} (byte ${at})`);
    this.api = api;
    this.version = version;
    this.path = path;
    this.at = at;
    this.reason = reason;
  }

  /** The same fault, seen from one level further out. */
  within(segment: string): DecodeError {
    const { api, version, path } = this;
    return new DecodeError(this.reason, this.at, { api, version, path: joinPath(segment, path) });
  }

  /** The same fault, counted from `bytes` earlier. */
  after(bytes: number): DecodeError {
    return new DecodeError(this.reason, bytes + this.at, this);
  }

  /** The same fault, with the message it was found in. */
  of(api: string, version: number): DecodeError {
    return new DecodeError(this.reason, this.at, { api, version, path: this.path });
  }
}

/** The value cannot be said at this version of this message. Nothing of it has left the process. */
export class EncodeError extends Error implements Place {
  override readonly name = "EncodeError";
  readonly api: string;
  readonly version: number;
  readonly path: string;
  readonly reason: string;

  constructor(reason: string, place: Partial<Omit<Place, "reason">> = {}) {
    const { api = "value", version = -1, path = "" } = place;
    super(describe({ api, version, path, reason }));
    this.api = api;
    this.version = version;
    this.path = path;
    this.reason = reason;
  }

  within(segment: string): EncodeError {
    const { api, version, path } = this;
    return new EncodeError(this.reason, { api, version, path: joinPath(segment, path) });
  }

  of(api: string, version: number): EncodeError {
    return new EncodeError(this.reason, { api, version, path: this.path });
  }
}

/** Adds a path segment to a fault of the wire; anything else passes through as it is. */
export const within = (error: unknown, segment: string): unknown =>
  error instanceof DecodeError || error instanceof EncodeError ? error.within(segment) : error;

/** Names the message in a fault of the wire; anything else passes through as it is. */
export const inMessage = (error: unknown, api: string, version: number): unknown =>
  error instanceof DecodeError || error instanceof EncodeError ? error.of(api, version) : error;

/** A value as a message about it may show it. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
