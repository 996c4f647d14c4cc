/** Writing into the log of a single voter that is not running, for records that no client can write yet. */
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { encodeDataBatch } from "../../src/protocol/index.ts";

const run = promisify(execFile);

/** The last row of the log: its first and last offset, its epoch, and where the next batch stands. */
const LAST = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(*db.execute("SELECT last_offset, epoch, position + length(bytes) FROM log ORDER BY base_offset DESC LIMIT 1").fetchone())
`;
const APPEND = `
import sqlite3, sys
path, base, last, epoch, position, text = sys.argv[1:]
db = sqlite3.connect(path)
row = (int(base), int(last), int(epoch), 0, bytes.fromhex(text), int(position))
db.execute("INSERT INTO log (base_offset, last_offset, epoch, control, bytes, position) VALUES (?, ?, ?, ?, ?, ?)", row)
db.commit()
`;

/** The database of the only controller in a runtime's folder. */
export async function onlyDatabase(folder: string): Promise<string> {
  const objects = join(folder, "objects/kedge-ControllerNode");
  const names = (await readdir(objects)).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  const [name] = names;
  if (name === undefined || names.length > 1) throw new Error(`${names.length} controllers`);
  return join(objects, name);
}

/** Appends encoded records as one batch of the last epoch; the offset of the last one. */
export async function appendStored(path: string, values: readonly Uint8Array[]): Promise<number> {
  const { stdout } = await run("python3", ["-c", LAST, path]);
  const [before = 0, epoch = 0, position = 0] = stdout.split(" ").map(Number);
  const baseOffset = before + 1;
  const lastOffset = before + values.length;
  const at = { baseOffset, leaderEpoch: epoch, timestampMs: Date.now() };
  const batch = encodeDataBatch(at, values);
  const row = [baseOffset, lastOffset, epoch, position, Buffer.from(batch).toString("hex")];
  await run("python3", ["-c", APPEND, path, ...row.map(String)]);
  return lastOffset;
}
