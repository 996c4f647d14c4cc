/** Numbers, times and lengths of time as they are read. */

const WHOLE = new Intl.NumberFormat("en");

export const whole = (value: number): string => WHOLE.format(value);

/** `1 partition`, `2 partitions`. */
export const counted = (value: number, noun: string, nouns = `${noun}s`): string =>
  `${whole(value)} ${value === 1 ? noun : nouns}`;

/** As it is said of something that ended just now: `4 s`, `3 min`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

const TIME = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** Of the day where it is not today. Clocks may be wrong, so an absolute time and never "in 3 minutes". */
export function time(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.valueOf())) return "—";
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? TIME.format(date) : `${DAY.format(date)} ${TIME.format(date)}`;
}

export const dollars = (value: number): string => `$${value.toFixed(2)}`;
