/** How long an answer asks us to stay away: `Retry-After` (RFC 9110, section 10.2.3), in either of its forms. */

/** Nobody may silence a gateway for longer than this, whatever the header says. */
export const RETRY_AFTER_MAX_MS = 30_000;

/** `Date.parse` reads far more than HTTP's dates, all of which begin with the day of the week. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/;

/** Milliseconds from `now`, 0 for a moment that is past; null when the header is absent or cannot be read. */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? "";
  let ms = Number.NaN;
  if (/^\d{1,10}$/.test(text)) ms = Number(text) * 1_000;
  else if (HTTP_DATE.test(text)) ms = Date.parse(text) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS);
}
