/**
 * Steps and their outcomes: each is timed, a failure is recorded and the next step runs, and at the end there is one
 * table over all releases.
 */
export interface Outcome {
  readonly step: string;
  readonly verdict: "pass" | "FAIL" | "skip";
  readonly ms: number;
  /** One line: what was measured, or why it failed. */
  readonly note: string;
}

/** Thrown by a step that needs what this machine, release or quorum does not have; it counts neither as passed nor as
 * failed. */
export class SkippedError extends Error {
  override readonly name = "SkippedError";
}

export interface Column {
  readonly version: string;
  readonly outcomes: readonly Outcome[];
}

/** Runs one step and prints its outcome. Never rejects. */
export async function attempt(step: string, work: () => Promise<string>): Promise<Outcome> {
  const startMs = performance.now();
  const outcome = async (): Promise<Pick<Outcome, "verdict" | "note">> => {
    try {
      return { verdict: "pass", note: await work() };
    } catch (error) {
      if (error instanceof SkippedError) return { verdict: "skip", note: error.message };
      const text = error instanceof Error ? error.message : String(error);
      console.log(`\n--- ${step}\n${text}\n---`);
      return { verdict: "FAIL", note: text.split("\n")[0] ?? "" };
    }
  };
  const { verdict, note } = await outcome();
  const ms = performance.now() - startMs;
  console.log(
    `${verdict.padEnd(4)} ${(ms / 1_000).toFixed(1).padStart(6)} s  ${step}${note === "" ? "" : `: ${note}`}`,
  );
  return { step, verdict, ms, note };
}

/** Version by step: a verdict and seconds in each cell. */
export function table(columns: readonly Column[]): string {
  const steps = [...new Set(columns.flatMap(({ outcomes }) => outcomes.map(({ step }) => step)))];
  const width = Math.max(...steps.map((step) => step.length), 4);
  const head = ["step".padEnd(width), ...columns.map(({ version }) => version.padEnd(12))].join(
    "  ",
  );
  const rows = steps.map((step) => {
    const cells = columns.map(({ outcomes }) => {
      const rounds = outcomes.filter((candidate) => candidate.step === step);
      const outcome = rounds.find(({ verdict }) => verdict === "FAIL") ?? rounds[0];
      const text =
        outcome === undefined ? "-" : `${outcome.verdict} ${(outcome.ms / 1_000).toFixed(1)} s`;
      return text.padEnd(12);
    });
    return [step.padEnd(width), ...cells].join("  ").trimEnd();
  });
  return [head.trimEnd(), "-".repeat(head.length), ...rows].join("\n");
}
