/**
 * How many requests a controller has answered, of which API, and how long they took from their arrival to their answer:
 * Kafka's `RequestMetrics`. A Fetch that waits takes that long. There are as many APIs as `src/protocol` knows.
 */
import type { ApiName } from "../src/protocol/index.ts";

export interface RequestMeasure {
  count: number;
  totalMs: number;
}

export class RequestMeasures {
  readonly #clock: () => number;
  readonly #byApi = new Map<ApiName, RequestMeasure>();
  /** Operations that met a defect of ours. */
  defects = 0;
  /** Leaders of partitions that this controller has elected out of sync: Kafka's `UncleanLeaderElectionsPerSec`. */
  uncleanElections = 0;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** A request has come; what is returned says that it is answered. */
  begin(api: ApiName): () => void {
    const beganMs = this.#clock();
    return () => {
      const measure = this.#byApi.get(api) ?? { count: 0, totalMs: 0 };
      measure.count += 1;
      measure.totalMs += Math.max(0, this.#clock() - beganMs);
      this.#byApi.set(api, measure);
    };
  }

  get byApi(): ReadonlyMap<ApiName, Readonly<RequestMeasure>> {
    return this.#byApi;
  }
}
