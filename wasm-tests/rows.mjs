// What a stopped Worker left in its folder: time is made to pass over its rows, and its alarm to be lost.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Opens the catalog's rows, has `work` change them, and closes them. */
export function rows(persist, work) {
  return opened(persist, /[0-9a-f]{64}\.sqlite$/, work);
}

/** Loses the catalog's alarm: the object takes it for set, and it never rings. So it is after a panic in an alarm. */
export function loseAlarm(persist) {
  opened(persist, SCHEDULER, (database) => database.exec("DELETE FROM _cf_ALARM"));
}

/** Lets the time pass until the catalog's alarm rings: it does so when the Worker starts. */
export function passUntilAlarm(persist) {
  // Both in nanoseconds. The object's own note is what counts; the scheduler's is when it asks.
  opened(persist, SCHEDULER, (database) => database.exec("UPDATE _cf_ALARM SET scheduled_time = 1000000"));
  rows(persist, (database) => database.exec("UPDATE _cf_METADATA SET value = 1000000 WHERE key = 1"));
}

/** Where workerd keeps the alarms of all objects. */
const SCHEDULER = /metadata\.sqlite$/;

function opened(persist, pattern, work) {
  const folder = join(persist, "objects");
  const name = readdirSync(folder, { recursive: true }).find((found) => pattern.test(found));
  if (!name) throw new Error(`the Worker left no ${pattern}`);
  const database = new DatabaseSync(join(folder, name));
  try {
    return work(database);
  } finally {
    database.close();
  }
}
