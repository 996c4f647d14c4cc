/**
 * What one client did, and what it was told: the unit of a history. Moments are of one clock that all clients share, in
 * any unit; two operations are concurrent where the moments between call and return, both included, overlap.
 */
export interface Operation<Input, Output> {
  /** Who called. A client may have several operations under way. */
  readonly client: string;
  readonly callAt: number;
  /** Infinity where the caller does not know what became of it: it may take effect at any later moment, or never. */
  readonly returnAt: number;
  readonly input: Input;
  /** Null where the caller does not know. */
  readonly output: Output | null;
  /** Where in the log it took effect, where that is known. Only `log-order.ts` needs it. */
  readonly place: LogPlace | null;
}

/** The moment of an operation, told by the log. */
export interface LogPlace {
  /** The offset after the last record that it had written or seen. */
  readonly endOffset: number;
  /** How many records it wrote, the last ones below `endOffset`; 0 where it wrote none. */
  readonly records: number;
}

/** An operation for people: who, what, and what came of it. */
export function describeOperation({ client, input, output }: Operation<unknown, unknown>): string {
  const told = output === null ? "and never learned what became of it" : `-> ${shown(output)}`;
  return `${client} ${shown(input)} ${told}`;
}

const shown = (value: unknown): string => JSON.stringify(value);
