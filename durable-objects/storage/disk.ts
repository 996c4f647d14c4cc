/**
 * The object's own storage as a controller sees it: one place to write a step whole, and one alarm. The tables are in
 * the stores.
 */
import type { Alarm, Disk } from "../replica/ports.ts";

export const diskOf = (storage: DurableObjectStorage): Disk => ({
  transaction: (write) => storage.transactionSync(write),
  // A sync that fails has broken the object, and nothing of it goes on.
  whenDurable: (then) => void storage.sync().then(then),
});

/** Not awaited: the output gate holds what leaves until the alarm is stored, as it does for every other write. */
export const alarmOf = (storage: DurableObjectStorage): Alarm => ({
  set: (atMs) => void storage.setAlarm(atMs),
});
