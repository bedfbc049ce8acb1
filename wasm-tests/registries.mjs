// Real registries, as processes with folders of their own on ports of their own.
//
// `streaming` is distribution (Debian's docker-registry is 2.8 of it, `program` names another) on a file system: it sends blobs itself. `redirecting` is
// three processes: a writer registry on a file system, an S3 server over the same folder, and a reader registry on that
// S3, which answers blobs with 307 and a presigned URL. The S3 server verifies signatures and their expiry.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { basic } from "./http.mjs";
import { serve } from "./processes.mjs";
import { Proxy } from "./proxy.mjs";
import { registry, s3 as s3Program } from "./tools.mjs";

/** Who may use a registry that was started with `htpasswd`. */
export const USER = "reader";
export const PASSWORD = "s3cr3t/+%pass";

/** The password's bcrypt hash, which is all that distribution takes. Cost 5: this is no secret. */
const HTPASSWD = `${USER}:$2y$05$abcdefghijklmnopqrstuu1cFCarKtjmBRchwR4zUZE.TSkzP14rq\n`;

/** Credentials of the S3 server. */
const ACCESS_KEY = "AKIAPORTOLANTEST";
const SECRET_KEY = "portolan-secret-key";
const BUCKET = "charts";

/** A registry that runs. */
class Registry {
  constructor(host, htpasswd, more = {}) {
    /** `address:port` for reading. */
    this.host = host;
    /** `address:port` for pushing. */
    this.push = host;
    /** Headers that a push needs. */
    this.login = htpasswd ? { authorization: basic(USER, PASSWORD) } : {};
    Object.assign(this, more);
  }
}

/**
 * A registry that sends blobs itself. `folder` is where it keeps them; `token` says, in distribution's words, who gives its
 * tokens; `page` is how many names it gives at most at once (distribution 3);
 * `deletes` is whether it deletes anything.
 */
export async function streaming(scope, { htpasswd = false, token, folder = scope.folder(), program = registry(), page, deletes = true } = {}) {
  const host = await distribution(scope, program, { filesystem: { rootdirectory: folder } }, htpasswd, token, page, deletes);
  return new Registry(host, htpasswd, { folder });
}

/**
 * A registry that redirects to presigned URLs; pushes go to another one without a password. `blobs` records what reaches
 * the S3 server, the reader's own requests included.
 */
export async function redirecting(scope, { htpasswd = false, program = registry() } = {}) {
  const root = scope.folder();
  const folder = join(root, BUCKET);
  mkdirSync(folder);
  const push = await distribution(scope, program, { filesystem: { rootdirectory: folder } }, false);
  const s3 = await serve(
    scope,
    s3Program(),
    ["--host", "127.0.0.1", "--port", "0", "--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY, root],
    { ...process.env, RUST_LOG: "info", NO_COLOR: "1" },
    /running at http:\/\/([\d.]+:\d+)/,
  );
  const blobs = await Proxy.before(scope, s3.host);
  const storage = {
    s3: {
      accesskey: ACCESS_KEY,
      secretkey: SECRET_KEY,
      region: "us-east-1",
      regionendpoint: `http://${blobs.host}`,
      bucket: BUCKET,
      secure: false,
      forcepathstyle: true,
      v4auth: true,
      rootdirectory: "/",
    },
  };
  const host = await distribution(scope, program, storage, htpasswd);
  return new Registry(host, htpasswd, { push, login: {}, blobs });
}

async function distribution(scope, program, storage, htpasswd, token, page, deletes = true) {
  const folder = scope.folder();
  const configuration = {
    version: 0.1,
    log: { level: "info", accesslog: { disabled: true } },
    storage: { ...storage, delete: { enabled: deletes }, maintenance: { uploadpurging: { enabled: false } } },
    http: { addr: "127.0.0.1:0", secret: "shared by nobody" },
    health: { storagedriver: { enabled: false } },
  };
  if (htpasswd) {
    writeFileSync(join(folder, "htpasswd"), HTPASSWD, { mode: 0o600 });
    configuration.auth = { htpasswd: { realm: "test", path: join(folder, "htpasswd") } };
  }
  if (token) configuration.auth = { token };
  if (page) Object.assign(configuration, { catalog: { maxentries: page }, tags: { maxtags: page } });
  // JSON is YAML.
  const file = join(folder, "config.yml");
  writeFileSync(file, JSON.stringify(configuration));
  const { host } = await serve(scope, program, ["serve", file], environment(), /listening on ([\d.]+:\d+)/);
  return host;
}

/** Distribution takes every variable REGISTRY_… for its own, its S3 driver panics at AWS_CA_BUNDLE, and 3 wants to send traces. */
function environment() {
  const theirs = ([name]) => !name.startsWith("REGISTRY") && name !== "AWS_CA_BUNDLE";
  return { ...Object.fromEntries(Object.entries(process.env).filter(theirs)), OTEL_TRACES_EXPORTER: "none" };
}
