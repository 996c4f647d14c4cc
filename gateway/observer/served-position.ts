/**
 * The furthest place of the log that a broker was shown here. Behind it nobody is served: not by a controller that
 * lags, and with a file to keep it in not after a restart either.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";

/** What is lost of it when the process dies is no more than this. */
const WRITE_MS = 1_000;

export interface LogPlace {
  readonly offset: number;
  readonly epoch: number;
}

export class ServedPosition {
  readonly #file: string | null;
  readonly #clusterId: string;
  readonly #log: (line: string) => void;
  #place: LogPlace | null;
  #written: LogPlace | null;
  #timer: NodeJS.Timeout | undefined;
  #hasFailed = false;

  /** Without a file it is kept in memory alone. Throws a sentence for a file that cannot be read or is another's. */
  constructor(file: string | null, clusterId: string, log: (line: string) => void) {
    this.#file = file;
    this.#clusterId = clusterId;
    this.#log = log;
    this.#place = file === null ? null : placeIn(file, clusterId);
    this.#written = this.#place;
  }

  /** Null while nobody was shown anything. */
  get place(): LogPlace | null {
    return this.#place;
  }

  /** Everything below `place` was shown to a broker. */
  note(place: LogPlace): void {
    if (place.offset <= (this.#place?.offset ?? -1)) return;
    this.#place = place;
    if (this.#file === null || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#write(), WRITE_MS).unref();
  }

  /** Writes what is not written yet. */
  close(): void {
    this.#write();
  }

  // Few bytes, once a second. A rename is whole or not at all.
  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [file, place] = [this.#file, this.#place];
    if (file === null || place === null || place === this.#written) return;
    try {
      const { offset, epoch } = place;
      writeFileSync(
        `${file}.new`,
        `${JSON.stringify({ cluster_id: this.#clusterId, offset, epoch })}\n`,
      );
      renameSync(`${file}.new`, file);
      this.#written = place;
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) this.#log(`--state ${file} cannot be written: ${String(error)}`);
      this.#hasFailed = true;
    }
  }
}

/** Null where there is no file yet. */
function placeIn(file: string, clusterId: string): LogPlace | null {
  const text = textIn(file);
  if (text === null) return null;
  const fields = fieldsIn(text);
  const [offset, epoch] = [fields?.get("offset"), fields?.get("epoch")];
  if (!isCount(offset) || !isCount(epoch))
    throw new Error(`--state ${file} holds no position of a gateway`);
  if (fields?.get("cluster_id") !== clusterId)
    throw new Error(`--state ${file} is of another cluster than ${clusterId}`);
  return { offset, epoch };
}

function textIn(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new Error(`--state ${file} cannot be read: ${String(error)}`, { cause: error });
  }
}

function fieldsIn(text: string): ReadonlyMap<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? new Map(Object.entries(value)) : null;
  } catch {
    return null;
  }
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
