/**
 * A log that strangers cannot fill: a thousand refused clients a second are twenty lines, and one that counts. Each
 * event has its own twenty, so that they do not hide what else happens.
 */
import type { About, Log } from "./log.ts";

const LINES_MAX = 20;
const WINDOW_MS = 1_000;

interface Window {
  lines: number;
  leftOut: number;
}

/** Passes lines on to `log`, at most twenty of an event in any second, and then says how many it has left out. */
export function limitedLog(log: Log): Log {
  const windows = new Map<string, Window>();
  const begin = (key: string, { level, event }: About): Window => {
    const window = { lines: 0, leftOut: 0 };
    windows.set(key, window);
    setTimeout(() => {
      windows.delete(key);
      if (window.leftOut === 0) return;
      log(`${window.leftOut} more such lines within a second`, {
        ...(level === undefined ? {} : { level }),
        ...(event === undefined ? {} : { event }),
      });
    }, WINDOW_MS).unref();
    return window;
  };
  return (message, about = {}) => {
    const key = `${about.event ?? ""} ${about.level ?? ""}`;
    const window = windows.get(key) ?? begin(key, about);
    window.lines += 1;
    if (window.lines <= LINES_MAX) log(message, about);
    else window.leftOut += 1;
  };
}
