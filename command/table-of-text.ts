/** Rows as columns of text. */

/** Prints rows with their columns in line; the first row is their names. Numbers stand to the right. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => (row[at] ?? "").length)),
  );
  const isNumber = widths.map((_, at) =>
    rows.slice(1).every((row) => /^-?[\d,.]*$/.test(row[at] ?? "")),
  );
  for (const row of rows) {
    const cells = widths.map((width, at) => {
      const cell = row[at] ?? "";
      return isNumber[at] === true ? cell.padStart(width) : cell.padEnd(width);
    });
    console.log(cells.join("  ").trimEnd());
  }
}

/** What `--json` prints: one line. */
export const printJson = (value: unknown): void => console.log(JSON.stringify(value));

/** What has been done: as JSON where that is asked for, else in a sentence. */
export const tell = (
  { json = false }: { readonly json?: boolean },
  value: unknown,
  sentence: string,
): void => (json ? printJson(value) : console.log(sentence));
