// What a test opens and must close: processes, servers, folders. Everything ends in reverse order when its scope ends,
// and at once when the test process is interrupted.

import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What must go even if no scope ends: functions that do their work at once. */
const atExit = new Set();

process.on("exit", () => {
  for (const end of [...atExit].reverse()) end();
});
for (const [signal, number] of [["SIGHUP", 1], ["SIGINT", 2], ["SIGTERM", 15]]) {
  process.once(signal, () => process.exit(128 + number));
}

// Who reads the results was killed: there is nobody to go on for.
process.stdout.once("error", () => process.exit(1));

/** Has `end` called when this process ends, however it does. Gives a function that takes this back. */
export function guard(end) {
  atExit.add(end);
  return () => atExit.delete(end);
}

/** Bytes that a folder in memory should have free: ten thousand versions take about half of them. */
const ROOM = 2 ** 30;

/** Where folders are made: in memory where there is room, as a registry keeps a version in a dozen small files. */
const FOLDERS = process.env.TMPDIR ?? (hasRoom("/dev/shm") ? "/dev/shm" : tmpdir());

function hasRoom(folder) {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= ROOM;
  } catch {
    return false;
  }
}

/** The things that one file or one test has open. */
export class Scope {
  #enders = [];

  /** Has `end` called, last first, when the scope ends. */
  defer(end) {
    this.#enders.push(end);
  }

  /** Ends everything; the first failure is told when all has been tried. */
  async end() {
    const failures = [];
    for (const end of this.#enders.splice(0).reverse()) {
      try {
        await end();
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** A folder that goes with the scope. */
  folder() {
    const folder = mkdtempSync(join(FOLDERS, "portolan-"));
    const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    const unguard = guard(remove);
    this.defer(() => {
      remove();
      unguard();
    });
    return folder;
  }
}
