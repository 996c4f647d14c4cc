/**
 * Giving a node that is not formed yet what its log is to begin after: the bytes of a snapshot, piece by piece, then
 * the word that these are all. What is not sound is refused, and nothing of it is left to begin from.
 */
import { STATUS, refusal } from "../contract.ts";
import { isSeedEnd } from "../snapshot-contract.ts";
import type { ControllerHost } from "./host.ts";
import { jsonIn } from "./json-body.ts";
import { numberIn } from "./numbers.ts";

/** A piece is held whole. The largest batch of a snapshot has 8 MiB, and a piece is a batch at least. */
const PIECE_BYTES_MAX = 9 * 1_048_576;

interface Arrival {
  readonly request: Request;
  readonly searchParams: URLSearchParams;
}

export async function seed(
  host: ControllerHost,
  { request, searchParams }: Arrival,
): Promise<Response> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  const endOffset = numberIn(searchParams, "end_offset", { max: Number.MAX_SAFE_INTEGER });
  const epoch = numberIn(searchParams, "epoch", { max: 0x7fff_ffff });
  const position = numberIn(searchParams, "position", { max: Number.MAX_SAFE_INTEGER });
  if (endOffset === null || epoch === null || position === null)
    return refusal(400, "end_offset, epoch and position are whole numbers from 0");
  if (bytes.length === 0 || bytes.length > PIECE_BYTES_MAX)
    return refusal(400, `a piece of a seed has from 1 to ${PIECE_BYTES_MAX} bytes`);
  const reason =
    host.seeding === null
      ? notSeeded(host)
      : host.seeding.add({ endOffset, epoch }, position, bytes);
  return reason === null ? Response.json({ stored: true }) : refusal(STATUS.conflict, reason);
}

export async function endSeed(host: ControllerHost, text: string): Promise<Response> {
  const end = jsonIn(text);
  if (!isSeedEnd(end)) return refusal(400, "the body is not the end of a seed");
  const { end_offset: endOffset, epoch, size, timestamp_ms: timestampMs } = end;
  const { seeding } = host;
  if (seeding === null) return refusal(STATUS.conflict, notSeeded(host));
  const reason = await new Promise<string | null>((ended) =>
    seeding.end({ endOffset, epoch, size, timestampMs }, ended),
  );
  return reason === null ? Response.json({ seeded: true }) : refusal(STATUS.conflict, reason);
}

const notSeeded = ({ nodeId, cluster }: ControllerHost): string =>
  cluster === null
    ? `controller ${nodeId} has no storage that a seed could be in`
    : `controller ${nodeId} is formed: its log is its own`;
