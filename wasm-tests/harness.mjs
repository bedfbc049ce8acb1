// The built Worker in workerd. The only place that knows Miniflare.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { send } from "./http.mjs";
import { ROOT, require } from "./tools.mjs";
import { PATIENCE, until, within } from "./wait.mjs";

const { Log, LogLevel, Miniflare, Response } = require("miniflare");

/** What `outbound` answers with. */
export const Answer = Response;

/** Where scripts/build puts the Worker. */
const BUILD = process.env.BUILD ?? join(ROOT, "build");

/** The same date that is deployed. */
const [, COMPATIBILITY_DATE] = /^compatibility_date = "([\d-]+)"$/m.exec(
  readFileSync(join(ROOT, "wrangler.toml"), "utf8"),
);

/** How long a process with twenty Workers may take to start on a machine that has much else to do: longer, and it hangs. */
const STARTING = 240_000;

/** The catalog's object is the one of this name. */
const CATALOG_NAME = "catalog";

/** Opens the administrator's routes of the Workers started here. */
export const ADMIN = "admin-token-of-the-tests";
export const AS_ADMIN = { authorization: `Bearer ${ADMIN}` };

/** What no log may hold, whatever happens: signatures of URLs, and what says that the module broke. */
const NEVER_LOGGED = [/X-Amz-Signature/i, /panicked/, /Critical Error/, /code had hung/, /Reinitializing Wasm/];

/**
 * Starts the Worker; it ends with `scope`. `bindings` are its settings. `persist` is a folder that outlives it.
 *
 * `kv` stands before KV: the source of a module, or a function that is called with `"get"` or `"put"` and the key.
 * `object` stands before the catalog's object: a function that is called with `"alarm"` or `"question"`. Where such a
 * function gives `"fail"`, what was asked for fails.
 * `ratelimits` are bindings that limit, by their names.
 * `outbound` is a function that answers instead of the network: it is given each request that leaves the Worker.
 */
export async function start(scope, bindings, options) {
  const [worker] = await startAll(scope, [bindings], options);
  return worker;
}

/** Starts several Workers that know nothing of each other, in one process; one for each of the settings. */
export async function startAll(scope, settings, options = {}) {
  const alone = settings.length === 1;
  const workers = settings.map((bindings, n) => new Worker(alone ? "portolan" : `portolan-${n}`, bindings));
  const workerd = new Workerd(workers, options);
  scope.defer(() => workerd.end());
  await workerd.ready();
  return workers;
}

/** The process in which Workers run. */
class Workerd {
  #miniflare;
  #workers;
  #ended = false;

  constructor(workers, { persist, kv, object, outbound, ratelimits }) {
    this.#workers = workers;
    this.#miniflare = new Miniflare({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs: (line) => workers.forEach(({ logs }) => logs.push(line)),
      ...(persist && { kvPersist: join(persist, "kv"), durableObjectsPersist: join(persist, "objects") }),
      workers: workers.flatMap(({ name, bindings }) => {
        const main = { ...definition(name, bindings, object), ...(ratelimits && { ratelimits }), ...(outbound && { outboundService: outbound }) };
        if (kv) return before(main, kv);
        const alone = workers.length === 1;
        return { ...main, kvNamespaces: { DOCUMENTS: name }, ...(!alone && { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }] }) };
      }),
    });
    const documents = (name) => (kv ? ["STORE", "kv"] : ["DOCUMENTS", name]);
    for (const worker of workers) worker.joins(this, this.#miniflare, documents(worker.name));
  }

  async ready() {
    const url = await within("the Worker starts", this.#miniflare.ready, STARTING);
    for (const worker of this.#workers) {
      const own = this.#workers.length === 1 ? url : await this.#miniflare.unsafeGetDirectURL(worker.name);
      worker.host = own.host;
    }
  }

  /** Ends the Workers, and looks at what they logged. */
  async end() {
    if (this.#ended) return;
    this.#ended = true;
    await within("the Worker ends", this.#miniflare.dispose(), PATIENCE);
    const secret = ([name]) => /PASS|TOKEN|SECRET|DOCKER_AUTH|REGISTRY_HEADERS|CREDENTIALS/.test(name);
    const secrets = this.#workers.flatMap(({ bindings }) => Object.entries(bindings).filter(secret).map(([, value]) => value));
    for (const { message } of this.#workers[0].logs) {
      const found = NEVER_LOGGED.find((pattern) => pattern.test(message));
      if (found) throw new Error(`the log has ${found}: ${message}`);
      if (secrets.some((secret) => secret !== "" && message.includes(secret))) throw new Error(`the log has a secret: ${message}`);
    }
  }
}

/** What Miniflare is to know of a Worker, but for its KV. */
function definition(name, bindings, object) {
  return {
    name,
    modulesRoot: BUILD,
    modules: object ? [{ type: "ESModule", path: join(BUILD, "ruled.js"), contents: RULED }, ...MODULES] : MODULES,
    compatibilityDate: COMPATIBILITY_DATE,
    bindings: { ADMIN_TOKEN: ADMIN, SYNC_INTERVAL: "1h", ...bindings },
    ...(object && { serviceBindings: { RULING: ruling(object) } }),
    durableObjects: { CATALOG: { className: "Catalog", useSQLite: true } },
  };
}

/** The Worker that runs. */
export class Worker {
  #workerd;
  #miniflare;
  #documents;
  /** Lines of the log of its process: `{ level, message }`. */
  logs = [];

  constructor(name, bindings) {
    this.name = name;
    this.bindings = bindings;
  }

  /** Told by the process in which it runs. */
  joins(workerd, miniflare, documents) {
    this.#workerd = workerd;
    this.#miniflare = miniflare;
    this.#documents = documents;
  }

  /** Sends a request to the Worker. */
  send(path, options) {
    return send(this.host, path, options);
  }

  /** Waits until the index is served. */
  index(path = "/index.yaml", options) {
    return until(`${path} is served`, async () => {
      const answer = await this.send(path, options);
      return answer.status === 200 && answer;
    }, { limit: 2 * PATIENCE });
  }

  /** Names of what lies in KV. */
  async keys() {
    const kv = await this.documents();
    return (await kv.list({ prefix: "v1/" })).keys.map(({ name }) => name);
  }

  /** Waits until the index at `path` lies in KV, where the catalog puts it behind its first answers, and reads it. */
  async published(path = "/index.yaml") {
    await this.index(path);
    const space = path.replace(/^\/|\/?index\.yaml$/g, "");
    const lies = (name) => decodeURIComponent(name).endsWith(`/index/${space}`);
    await until(`${path} is published`, async () => (await this.keys()).some(lies));
    return this.send(path);
  }

  /** Has the registry looked at again, and waits until what was found is published. */
  async refresh(path = "") {
    const answer = await this.send(`/refresh${path}?wait=60`, { method: "POST", headers: AS_ADMIN, limit: 70_000 });
    if (answer.status !== 200) throw new Error(`refresh: ${answer.status} ${answer.text}`);
    return answer;
  }

  /** What the operator sees. */
  async info(page = 0) {
    return (await this.send(`/info?page=${page}`, { headers: AS_ADMIN })).json;
  }

  /** A tick of cron; ends when the Worker has answered it. */
  async tick() {
    const fetcher = await this.#miniflare.getWorker(this.name);
    return within("a tick of cron", fetcher.scheduled({ cron: "* * * * *" }), 2 * PATIENCE);
  }

  /** Kills the catalog's object where it stands; of a Worker that was started with `object`. */
  async kill() {
    const catalog = await this.#miniflare.getDurableObjectNamespace("CATALOG", this.name);
    const killed = catalog.get(catalog.idFromName(CATALOG_NAME)).fetch("http://object/kill");
    await within("the object dies", killed.then(() => { throw new Error("the object lives on"); }, () => {}));
  }

  /** How often the catalog's object came to life; of a Worker that was started with `object`. */
  async lives() {
    const catalog = await this.#miniflare.getDurableObjectNamespace("CATALOG", this.name);
    const answer = await catalog.get(catalog.idFromName(CATALOG_NAME)).fetch("http://object/lives");
    return Number(await answer.text());
  }

  /** The KV namespace as it is. */
  documents() {
    return this.#miniflare.getKVNamespace(...this.#documents);
  }

  /** Resident memory of workerd's process in bytes, now and at most; Linux only. */
  memory() {
    const pid = workerd();
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const value = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)[1]) * 1024;
    return { now: value("VmRSS"), peak: value("VmHWM") };
  }

  /** Ends the process in which it runs. */
  end() {
    return this.#workerd.end();
  }
}

const MODULES = [
  { type: "ESModule", path: join(BUILD, "index.js") },
  { type: "CompiledWasm", path: join(BUILD, "index_bg.wasm") },
];

/** The catalog's object with what a test rules in front of it. */
const RULED = `
  import worker, { Catalog as Real } from "./index.js";
  export default worker;
  let lives = 0;
  export class Catalog {
    constructor(state, env) {
      lives += 1;
      this.state = state;
      this.env = env;
      this.real = new Real(state, env);
    }
    async obey(what) {
      const ruling = await this.env.RULING.fetch("http://" + what);
      if ((await ruling.text()) === "fail") throw new Error("the test rules that this fails");
    }
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/kill") this.state.abort("killed by the test");
      if (pathname === "/lives") return new Response(String(lives));
      await this.obey("question");
      return this.real.fetch(request);
    }
    async alarm() {
      await this.obey("alarm");
      return this.real.alarm();
    }
  }
`;

/** The Worker, and what stands between it and its KV. */
function before(main, kv) {
  const asked = typeof kv === "function";
  return [
    { ...main, wrappedBindings: { DOCUMENTS: { scriptName: "kv" } } },
    {
      name: "kv",
      modules: true,
      script: asked ? RULED_KV : kv,
      kvNamespaces: { STORE: "documents" },
      ...(asked && { serviceBindings: { RULING: ruling(kv) } }),
    },
  ];
}

/** KV with what a test rules in front of it. Its class has the name that is looked for. */
const RULED_KV = `
  class KvNamespace {
    constructor(env) {
      this.store = env.STORE;
      this.env = env;
    }
    async obey(what, key) {
      const ruling = await this.env.RULING.fetch("http://" + what + "/" + key);
      if ((await ruling.text()) === "fail") throw new Error("KV " + what.toUpperCase() + " failed: 429 Too Many Requests");
    }
    async getWithMetadata(key, options) {
      await this.obey("get", key);
      return this.store.getWithMetadata(key, options);
    }
    async get(key, options) {
      await this.obey("get", key);
      return this.store.get(key, options);
    }
    async put(key, value, options) {
      await this.obey("put", key);
      return this.store.put(key, value, options);
    }
    delete(key) { return this.store.delete(key); }
    list(options) { return this.store.list(options); }
  }
  export default (env) => new KvNamespace(env);
`;

/** A service that a test's function answers. */
function ruling(decide) {
  return async (request) => {
    const { hostname, pathname } = new URL(request.url);
    return new Response((await decide(hostname, pathname.slice(1))) ?? "");
  };
}

/** The pid of this process's one child that is workerd. */
function workerd() {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const [, name, parent] = /\((.*)\) . (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"));
      if (name === "workerd" && Number(parent) === process.pid) return pid;
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error("workerd is no child of this process");
}
