/**
 * Whether every entry of the ledger still occurs: each has a few requests among which its difference is, and no other
 * difference may be that no entry explains.
 */
import type { ControllerPair } from "./controller-pair.ts";
import { KNOWN, knownDifference, type Known } from "./known.ts";
import { Telling } from "./telling.ts";
import { clearedWorld, inWords } from "./walk.ts";

/** At which metadata.version an entry is shown that does not say otherwise: 4.0-IV3. */
const USUAL = 25;

/** Entries that are to be shown by a release at a metadata.version. */
export const entriesAt = (
  release: string,
  { metadataVersion, elr }: { readonly metadataVersion: number; readonly elr: boolean },
): readonly Known[] =>
  KNOWN.filter(
    (entry) =>
      (entry.metadataVersion ?? USUAL) === metadataVersion &&
      (entry.elr ?? false) === elr &&
      (entry.releases?.includes(release) ?? true),
  );

/** Rejects at an entry that no longer occurs, and at a difference that is in none. */
export async function showEntries(
  pair: ControllerPair,
  entries: readonly Known[],
): Promise<string> {
  for (const entry of entries) {
    const told = new Telling(pair);
    // oxlint-disable-next-line no-await-in-loop -- one entry after the other
    await clearedWorld(pair);
    // oxlint-disable-next-line no-await-in-loop -- one entry after the other
    await entry.shown(told);
    // oxlint-disable-next-line no-await-in-loop -- one entry after the other
    if (entry.spoils === true) await pair.startAgain();
    const explained = told.differences.map((difference) => knownDifference(difference));
    const unknown = told.differences[explained.indexOf(undefined)];
    if (unknown !== undefined) throw new Error(`${entry.title}\n${inWords(unknown)}`);
    if (!explained.includes(entry)) throw new Error(`no longer occurs: ${entry.title}`);
  }
  return `${entries.length} entries`;
}
