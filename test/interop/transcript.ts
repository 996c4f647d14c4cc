/**
 * The output of Kafka's tools, as a text file for docs/transcripts: commands and answers, in which what is particular
 * to one machine and one run (ports, folders, ids, times) is replaced by a name.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

export class Transcript {
  readonly #entries: string[] = [];
  readonly #names = new Map<string, string>();

  /** Everywhere in the transcript `text` is written as `name`. */
  rename(text: string, name: string): void {
    this.#names.set(text, name);
  }

  heading(title: string): void {
    this.#entries.push(`\n## ${title}\n`);
  }

  add(command: string, output: string): void {
    this.#entries.push(`$ ${command}\n${output.trimEnd()}\n`);
  }

  async save(path: string, title: string): Promise<void> {
    let text = `${title}\n${this.#entries.join("\n")}`;
    const longestFirst = [...this.#names].toSorted(([left], [right]) => right.length - left.length);
    for (const [from, to] of longestFirst) {
      // A port is a port only where the number ends.
      text = /^\d+$/.test(from)
        ? text.replaceAll(new RegExp(`\\b${from}\\b`, "g"), to)
        : text.replaceAll(from, to);
    }
    text = text.replaceAll(/\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\]/g, "[TIME]");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}
