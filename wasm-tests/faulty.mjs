// Ways in which a registry fails its clients, drawn at random from a seed.

/** A source of random numbers: the same seed gives the same ones (mulberry32). */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, but not including, 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, `least` and `most` included. */
  between(least, most) {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick(items) {
    return items[this.between(0, items.length - 1)];
  }

  chance(probability) {
    return this.next() < probability;
  }
}

const isCatalog = (path) => path.includes("/_catalog");
const isList = (path) => path.includes("/tags/list");
const isManifest = (path) => path.includes("/manifests/");
const isBlob = (path) => path.includes("/blobs/");

const ERRORS = "application/json";
const unknown = (code) => ({ status: 404, headers: { "content-type": ERRORS }, body: JSON.stringify({ errors: [{ code }] }) });
const PAGE = { status: 200, headers: { "content-type": "text/html" }, body: "<!doctype html><title>Sign in</title>" };

/**
 * What a registry may do to a request; `undefined` where the fault does not fit it. Nothing here is evidence that a chart
 * was removed: a list that is complete, well-formed and wrong is a removal, and no client could tell.
 */
const FAULTS = {
  delays: (random) => ({ delay: random.between(20, 800) }),
  cuts: () => ({ cut: true }),
  resets: () => "reset",
  throttles: (random) => ({ status: 429, headers: random.pick([{}, { "retry-after": "1" }, { "retry-after": "soon" }]) }),
  fails: (random) => ({ status: random.pick([500, 502, 503, 504]), body: "<html>oops</html>" }),
  denies: (random) => random.pick([{ status: 403 }, { status: 401 }, { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } }]),
  // Of a list only the form: its content is proven by nothing.
  corrupts: (random, { path }) => (isManifest(path) || isBlob(path) ? { corrupt: true } : PAGE),
  "sends away": (random, { path }) => ({
    status: random.pick([301, 302, 307]),
    headers: { location: random.pick([path, "http://169.254.169.254/latest", "https://[::1]:1/", "//", "ftp://x/"]) },
  }),
  "lists less": (random, { path }) => (isCatalog(path) ? { status: 200, headers: { "content-type": "application/json" }, body: '{"repositories":[]}' } : undefined),
  "denies that it is there": (random, { path }) => {
    if (isManifest(path)) return unknown("MANIFEST_UNKNOWN");
    if (isBlob(path)) return unknown("BLOB_UNKNOWN");
    return isList(path) ? unknown("NAME_UNKNOWN") : undefined;
  },
  "lists in circles": (random, { path }) =>
    isList(path) || isCatalog(path)
      ? { status: 200, headers: { "content-type": "application/json", link: `<${path}>; rel="next"` }, body: isList(path) ? '{"tags":["9.9.9-none"]}' : '{"repositories":["none"]}' }
      : undefined,
  "gives other bytes": (random, { path }) =>
    isManifest(path)
      ? { status: 200, headers: { "content-type": "application/vnd.oci.image.manifest.v1+json", "docker-content-digest": `sha256:${"0".repeat(64)}` }, body: '{"schemaVersion":2}' }
      : isBlob(path)
        ? PAGE
        : undefined,
};

/** Those that a scenario must not have together: a repository that neither list knows any more has been removed. */
const EITHER = ["lists less", "denies that it is there"];

/** How a registry behaves: some kinds of faults, and how often they come. */
export class Temper {
  #random;
  #kinds;
  #often;

  constructor(random) {
    this.#random = random;
    const all = Object.keys(FAULTS);
    const never = random.pick(EITHER);
    this.#kinds = Array.from({ length: random.between(1, 4) }, () => random.pick(all)).filter((kind) => kind !== never);
    this.#often = random.pick([0.05, 0.2, 0.5]);
  }

  /** What becomes of a request: a rule of proxy.mjs. */
  judge(request) {
    if (this.#kinds.length === 0 || !this.#random.chance(this.#often)) return undefined;
    return FAULTS[this.#random.pick(this.#kinds)](this.#random, request);
  }

  toString() {
    return `${[...new Set(this.#kinds)].join(", ") || "is well"}; ${this.#often * 100} % of all calls`;
  }
}
