// The Worker on this machine, for scripts/dev: what `wrangler dev` does, less the doors it leaves open.
//
//   node scripts/worker.mjs PORT STATE_FOLDER NAME…
//
// NAME… are the settings: their values are taken from the environment and lie in no file. PORTOLAN_MODULES is the folder of
// npm's packages.
//
// Whatever listens on 127.0.0.1 is open to every user of the machine, and to every page in a browser that runs there.
// `wrangler dev` cannot be told to start no inspector, which hands out all settings; so its library is used. INSPECT=1
// starts one, for its port is told in the output.

import { createRequire } from "node:module";
import { devNull } from "node:os";
import { join } from "node:path";

// An explorer of KV and the catalog's rows, and a store of traces that takes 100 MB for a thousand calls.
process.env.X_LOCAL_EXPLORER = "false";
process.env.X_LOCAL_OBSERVABILITY = "false";
process.env.WRANGLER_SEND_METRICS = "false";

const { unstable_startWorker: startWorker } = createRequire(join(process.env.PORTOLAN_MODULES, "x"))("wrangler");

const [port, persist, ...names] = process.argv.slice(2);
const given = names.filter((name) => process.env[name]);
const worker = await startWorker({
  config: join(import.meta.dirname, "..", "wrangler.toml"),
  // An empty one, or a .dev.vars or .env that stands here would be read.
  envFiles: [devNull],
  bindings: Object.fromEntries(given.map((name) => [name, { type: "secret_text", value: process.env[name] }])),
  dev: {
    server: { hostname: "127.0.0.1", port: Number(port) },
    inspector: process.env.INSPECT === "1" ? { hostname: "127.0.0.1" } : false,
    persist,
    watch: true,
    logLevel: "log",
  },
});
if (process.env.INSPECT === "1") console.log(`inspector: ${await worker.inspectorUrl}`);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.once(signal, async () => {
    await worker.dispose();
    process.exit(0);
  });
}
