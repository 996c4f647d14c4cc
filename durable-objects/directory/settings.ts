/**
 * Changing the settings of clusters. What holds is stored first, then said to every node of the cluster, and said again
 * by the alarm until each has confirmed: so no two of them differ for longer than one is out of reach.
 */
import {
  CHANGEABLE_SETTINGS,
  createdSettings,
  type ChangeableSettings,
  type SettingChanges,
  type SettingsRequest,
  type SettingWish,
} from "../cluster-settings.ts";
import type { Told } from "../listed-cluster.ts";
import { AGAIN_MS, arm, SLICE_CLUSTERS, tellNodes, type TellingPorts } from "./telling.ts";

export class Settings {
  readonly #ports: TellingPorts;

  constructor(ports: TellingPorts) {
    this.#ports = ports;
  }

  /** Null when there is no such cluster, or it is deleted, or its voters are not known yet. */
  async change(clusterId: string, wish: SettingWish): Promise<Told | null> {
    const { rows, clock } = this.#ports;
    const listed = rows.get(clusterId);
    if (listed === null || listed.state === "planned" || listed.deletion !== undefined) return null;
    const before = rows.settings.of(clusterId);
    const settings = settingsAfter(before?.settings ?? {}, wish, createdSettings(listed.cluster));
    if (!isSame(before?.settings ?? {}, settings)) {
      // Should the list of clusters be lost, what is changed after that is the newer all the same.
      const version = Math.max((before?.version ?? 0) + 1, clock());
      rows.settings.write(clusterId, { version, settings }, clock() + AGAIN_MS);
    }
    const unconfirmed = rows.settings.isDue(clusterId) ? await this.#tell(clusterId) : [];
    arm(this.#ports);
    return { listed: rows.get(clusterId) ?? listed, unconfirmed };
  }

  /**
   * A node has come that may have been told of the cluster before the last change: all of them hear of it once more.
   */
  tellAgain(clusterId: string): void {
    const { rows, clock } = this.#ports;
    if (rows.settings.of(clusterId) === null) return;
    rows.settings.putDue(clusterId, clock());
    arm(this.#ports);
  }

  /** Goes on with telling, a few clusters at a time. */
  async resume(): Promise<void> {
    const { rows, clock } = this.#ports;
    for (const clusterId of rows.settings.dueBy(clock(), SLICE_CLUSTERS)) {
      rows.settings.putDue(clusterId, clock() + AGAIN_MS);
      // oxlint-disable-next-line no-await-in-loop -- one cluster after the other bounds what is under way
      await this.#tell(clusterId);
    }
    arm(this.#ports);
  }

  async #tell(clusterId: string): Promise<Told["unconfirmed"]> {
    const { rows } = this.#ports;
    const listed = rows.get(clusterId);
    const changes = rows.settings.of(clusterId);
    if (listed === null || changes === null) return [];
    arm(this.#ports);
    const request: SettingsRequest = { created_ms: listed.cluster.created_ms, changes };
    const words = { route: "settings", body: JSON.stringify(request) } as const;
    const unconfirmed = await tellNodes(this.#ports, listed.cluster, words);
    // More may have been changed meanwhile.
    if (unconfirmed.length === 0 && rows.settings.of(clusterId)?.version === changes.version)
      rows.settings.putDue(clusterId, null);
    return unconfirmed;
  }
}

/** The changes with those of `wish`. What is as the cluster was created with is no change. */
function settingsAfter(
  before: SettingChanges["settings"],
  wish: SettingWish,
  created: ChangeableSettings,
): SettingChanges["settings"] {
  const after = CHANGEABLE_SETTINGS.flatMap((name) => {
    const wished = wish[name];
    const value = wished === undefined ? before[name] : (wished ?? created[name]);
    return value === undefined || value === created[name] ? [] : [[name, value] as const];
  });
  return Object.fromEntries(after);
}

const isSame = (one: SettingChanges["settings"], other: SettingChanges["settings"]): boolean =>
  CHANGEABLE_SETTINGS.every((name) => one[name] === other[name]);
