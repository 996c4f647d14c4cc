/**
 * Revoking tokens, of one cluster or of the whole deployment: what holds is stored first, then said to the nodes of
 * every cluster that it concerns, and said again by the alarm until each has confirmed.
 */
import {
  ANY_CLUSTER,
  REVOKED_MAX,
  revoke,
  together,
  type Revocation,
  type Revocations as RevocationsOf,
} from "../../src/access/index.ts";
import type { AccessRequest } from "../cluster-access.ts";
import type { ListedCluster, Revoked, UnconfirmedIn } from "../listed-cluster.ts";
import type { RevocationRows } from "./revocation-rows.ts";
import { AGAIN_MS, arm, SLICE_CLUSTERS, tellNodes, type TellingPorts } from "./telling.ts";

export class Revocations {
  readonly #ports: TellingPorts;

  constructor(ports: TellingPorts) {
    this.#ports = ports;
  }

  /** What is revoked in a cluster, with what is revoked in the deployment; with `*` the latter alone. */
  in(scope: string): RevocationsOf {
    const { rows, clock } = this.#ports;
    const everywhere = rows.revocations.of(ANY_CLUSTER);
    if (scope === ANY_CLUSTER) return everywhere;
    return together(rows.revocations.of(scope), everywhere, clock());
  }

  /** The cluster with what is revoked in it. */
  shown<Listed extends ListedCluster>(listed: Listed): Listed {
    if (listed.state === "planned") return listed;
    const access = this.in(listed.cluster.cluster_id);
    return access.version === 0 ? listed : { ...listed, cluster: { ...listed.cluster, access } };
  }

  /** Revokes in a cluster, or with `*` in all of them. Null when there is no such cluster. */
  async revoke(scope: string, revocation: Revocation): Promise<Revoked | null> {
    const { rows, clock } = this.#ports;
    if (scope !== ANY_CLUSTER && rows.get(scope) === null) return null;
    const before = rows.revocations.of(scope);
    const after = revoke(before, revocation, clock());
    if (after === null) return { outcome: "full", max: REVOKED_MAX };
    if (after !== before) {
      rows.revocations.write(scope, after);
      if (scope === ANY_CLUSTER) rows.revocations.putAllUntold();
      else rows.revocations.putUntold(scope, clock());
    }
    const unconfirmed = await this.#tellFirst(scope);
    arm(this.#ports);
    const untold = scope === ANY_CLUSTER ? rows.revocations.countUntold() : 0;
    const named = new Set(unconfirmed.map(({ cluster_id: clusterId }) => clusterId)).size;
    return {
      outcome: "revoked",
      revocations: rows.revocations.of(scope),
      unconfirmed,
      clusters_untold: Math.max(0, untold - named),
    };
  }

  /** Goes on with telling, a few clusters at a time. */
  async resume(): Promise<void> {
    const { rows, clock } = this.#ports;
    const nowMs = clock();
    const due = rows.revocations.takeUntold(nowMs, nowMs + AGAIN_MS, SLICE_CLUSTERS);
    for (const clusterId of due) {
      // oxlint-disable-next-line no-await-in-loop -- one cluster after the other bounds what is under way
      await this.#tell(clusterId);
    }
    arm(this.#ports);
  }

  /** Tells the cluster, or with `*` the first few at once; the alarm goes on with the others meanwhile. */
  async #tellFirst(scope: string): Promise<readonly UnconfirmedIn[]> {
    const { rows, clock } = this.#ports;
    const told = this.#takeFirst(scope, rows.revocations, clock() + AGAIN_MS).map((clusterId) =>
      this.#tell(clusterId),
    );
    arm(this.#ports);
    return (await Promise.all(told)).flat();
  }

  /** The alarm goes on with these if it breaks off, and leaves them alone meanwhile. */
  #takeFirst(scope: string, rows: RevocationRows, againMs: number): readonly string[] {
    if (scope === ANY_CLUSTER)
      return rows.takeUntold(Number.MAX_SAFE_INTEGER, againMs, SLICE_CLUSTERS);
    if (!rows.isUntold(scope)) return [];
    rows.putUntold(scope, againMs);
    return [scope];
  }

  /** Says to every node of a cluster what is revoked there. */
  async #tell(clusterId: string): Promise<readonly UnconfirmedIn[]> {
    const { rows } = this.#ports;
    const listed = rows.get(clusterId);
    const access = this.in(clusterId);
    const unconfirmed =
      listed === null || listed.state === "planned"
        ? []
        : await tellNodes(this.#ports, listed.cluster, wordsOf(listed, access));
    // More may have been revoked meanwhile.
    if (unconfirmed.length === 0 && this.in(clusterId).version === access.version)
      rows.revocations.endUntold(clusterId);
    return unconfirmed.map((each) => ({ cluster_id: clusterId, ...each }));
  }
}

const wordsOf = (
  { cluster }: ListedCluster,
  access: RevocationsOf,
): { readonly route: "access"; readonly body: string } => ({
  route: "access",
  body: JSON.stringify({ created_ms: cluster.created_ms, access } satisfies AccessRequest),
});
