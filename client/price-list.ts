/**
 * Cloudflare's list prices of what a cluster uses, and what the Workers Paid plan includes of each in a month. The one
 * place that has them: the command's bill and the page's are made of it.
 */
const WORKERS = "https://developers.cloudflare.com/workers/platform/pricing/";
const OBJECTS = "https://developers.cloudflare.com/durable-objects/platform/pricing/";

export const PRICES = {
  date: "2026-10-26",
  source: `${OBJECTS} and ${WORKERS}`,
  /** A month, before anything is used. */
  plan: { usd: 5 },
  worker_requests: { usd_per_million: 0.3, included: 10_000_000 },
  worker_cpu_ms: { usd_per_million: 0.02, included: 30_000_000 },
  /** Of messages over a WebSocket so many are billed as one request. */
  object_requests: { usd_per_million: 0.15, included: 1_000_000, messages_per_request: 20 },
  /** An object that is awake is billed with so much memory. */
  object_gb_s: { usd_per_million: 12.5, included: 400_000, gb_per_object: 0.128 },
  rows_written: { usd_per_million: 1, included: 50_000_000 },
  rows_read: { usd_per_million: 0.001, included: 25_000_000_000 },
  stored_gb_months: { usd_per_million: 200_000, included: 5 },
} as const;
