/**
 * Which controllers of a release are compared: one for each level of metadata.version that changes a record or a rule,
 * and those from 4.0-IV1 on also with eligible leader replicas.
 */
import type { Formation } from "./jvm-controller.ts";

const LEVELS: readonly number[] = [7, 8, 11, 12, 13, 15, 17, 23, 25, 30, 32, 33];
const MV_ELR = 23;
/** In 4.0 the feature is a preview, and has other rules. */
const WITHOUT_ELR: ReadonlySet<string> = new Set(["4.0.2"]);

/** The highest level that each release knows. */
const HIGHEST: Readonly<Record<string, number>> = {
  "4.0.2": 25,
  "4.1.2": 27,
  "4.3.1": 30,
  "4.4.0": 33,
};

export interface NamedFormation extends Required<Formation> {
  readonly title: string;
}

export function formationsOf(
  release: string,
  wanted: { readonly levels: readonly number[]; readonly elr: boolean },
): readonly NamedFormation[] {
  const highest = HIGHEST[release] ?? Math.max(...LEVELS);
  const levels = LEVELS.filter((level) => level <= highest && wanted.levels.includes(level));
  return levels.flatMap((metadataVersion) => [
    { title: `metadata.version ${metadataVersion}`, metadataVersion, elr: false },
    ...(wanted.elr && metadataVersion >= MV_ELR && !WITHOUT_ELR.has(release)
      ? [{ title: `metadata.version ${metadataVersion}, ELR`, metadataVersion, elr: true }]
      : []),
  ]);
}

export const ALL_LEVELS = LEVELS;
