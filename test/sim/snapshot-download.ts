/** A snapshot as a broker fetches it: range by range, of one leader. */
import type { FetchSnapshotResponse, SnapshotId } from "../../src/raft/index.ts";

export class SnapshotDownload {
  readonly id: SnapshotId;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(id: SnapshotId) {
    this.id = id;
  }

  get position(): number {
    return this.#bytes.length;
  }

  /** Takes the next range; the bytes once there are all of them, null before. False where it is not the next. */
  take({ snapshotId, position, size, bytes }: FetchSnapshotResponse): Uint8Array | null | false {
    const isSame = snapshotId.endOffset === this.id.endOffset && snapshotId.epoch === this.id.epoch;
    if (!isSame || position !== this.position || bytes.length === 0) return false;
    const longer = new Uint8Array(position + bytes.length);
    longer.set(this.#bytes);
    longer.set(bytes, position);
    this.#bytes = longer;
    return longer.length === size ? longer : null;
  }
}
