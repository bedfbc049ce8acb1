// Waiting with a bound, always.

import { setTimeout as sleep } from "node:timers/promises";

export { sleep };

/** How long a thing may take that takes a second on an idle machine. */
export const PATIENCE = 30_000;

/**
 * Asks `probe` until it gives something truthy, which is returned. An exception counts as "not yet" and is told if the
 * time runs out.
 */
export async function until(what, probe, { limit = PATIENCE, every = 100 } = {}) {
  const deadline = Date.now() + limit;
  let last = "it never came true";
  for (;;) {
    try {
      const found = await probe();
      if (found) return found;
    } catch (failure) {
      last = failure.message;
    }
    if (Date.now() >= deadline) throw new Error(`${what}: not within ${limit} ms (${last})`);
    await sleep(every);
  }
}

/** `promise`, or a failure that says what did not happen in time. */
export async function within(what, promise, limit = PATIENCE) {
  const timer = new AbortController();
  const late = sleep(limit, undefined, { signal: timer.signal }).then(
    () => {
      throw new Error(`${what}: not within ${limit} ms`);
    },
    () => {},
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}
