/**
 * Where lines for operators go: one object a line, which the platform indexes by its fields. `event` names what
 * happened in a word that does not change; `message` is the sentence.
 */
export interface OperatorLog {
  warn(event: string, message: string): void;
  error(event: string, message: string, cause?: unknown): void;
}

interface Origin {
  readonly cluster_id: string | null;
  readonly node_id: number | null;
}

/** The log of one node, or of the Worker, which knows no node and may know no cluster. */
export const operatorLogOf = (origin: Origin): OperatorLog => ({
  warn: (event, message) => console.warn({ level: "warn", event, ...origin, message }),
  error: (event, message, cause) =>
    console.error({ level: "error", event, ...origin, message, ...causeOf(cause) }),
});

/** Of an error its stack, which says where it arose. */
const causeOf = (cause: unknown): { readonly cause?: unknown } =>
  cause === undefined ? {} : { cause: cause instanceof Error ? cause.stack : cause };
