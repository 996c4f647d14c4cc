/**
 * What one request is charged for the partitions that it changes (KIP-599, `ControllerMutationQuota`): each that is
 * created or deleted costs a token, also where the request is only to be validated. From some version on the quota is
 * strict, and what comes after the last token is refused; clients of before do not know that error, so they are served
 * and told to wait.
 */
import { quotaOfClient, type ClientQuota } from "../quotas/client-quota.ts";
import { drawTokens, type MutationBuckets } from "../quotas/mutation-buckets.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { apiError, type ApiError } from "./api-error.ts";
import type { ControlContext } from "./operation.ts";

const CONTROLLER_MUTATION_RATE = "controller_mutation_rate";

export class MutationCharge {
  readonly #context: ControlContext;
  readonly #quota: ClientQuota | null;
  readonly #isStrict: boolean;
  #buckets: MutationBuckets;
  #throttleTimeMs = 0;

  /** `strictFrom`: the version of the API from which the quota is strict. */
  constructor(view: MetadataImage, context: ControlContext, strictFrom: number) {
    const { caller, clientId, apiVersion, mutationBuckets } = context;
    const client = { user: caller.principal.name, clientId };
    this.#context = context;
    this.#quota = quotaOfClient(view.clientQuotas, CONTROLLER_MUTATION_RATE, client);
    this.#isStrict = apiVersion >= strictFrom;
    this.#buckets = mutationBuckets;
  }

  /** Charges for so many partitions; why not, where they cannot be paid for. */
  take(partitions: number): ApiError | null {
    if (this.#quota === null) return null;
    const { nowMs, config } = this.#context;
    const draw = { quota: this.#quota, window: config.quotaWindow, nowMs, tokens: partitions };
    const { buckets, isGiven, waitMs } = drawTokens(this.#buckets, draw, this.#isStrict);
    this.#buckets = buckets;
    if (waitMs > 0) this.#throttleTimeMs = waitMs;
    return isGiven ? null : QUOTA_EXCEEDED;
  }

  /** How long the client is asked to wait before it changes partitions again. */
  get throttleTimeMs(): number {
    return this.#throttleTimeMs;
  }

  /** What the operation gives back beside its records: absent where nothing was charged. */
  get softState(): { readonly mutationBuckets?: MutationBuckets } {
    return this.#quota === null ? {} : { mutationBuckets: this.#buckets };
  }
}

/** Its words are the code's own, which clients know. */
const QUOTA_EXCEEDED: ApiError = apiError("THROTTLING_QUOTA_EXCEEDED", null);
