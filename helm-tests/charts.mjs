// The charts of examples/charts, packaged and pushed by real Helm, by the same rule as scripts/dev's: each folder that
// holds a Chart.yaml is one chart and goes to `<prefix>/<the folders above it>`; `versions` beside it names more versions.

import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

import { hex } from "../wasm-tests/push.mjs";
import { ROOT } from "../wasm-tests/tools.mjs";

export const EXAMPLES = join(ROOT, "examples");
const CHARTS = join(EXAMPLES, "charts");

/** The sample charts: folder, space and versions of each. */
function samples() {
  const files = readdirSync(CHARTS, { recursive: true });
  const folders = files.filter((file) => basename(file) === "Chart.yaml").map((file) => join(CHARTS, dirname(file)));
  return folders.sort().map((folder) => {
    const [, version] = /^version: (\S+)$/m.exec(readFileSync(join(folder, "Chart.yaml"), "utf8"));
    const list = join(folder, "versions");
    const more = existsSync(list) ? readFileSync(list, "utf8").split("\n").filter(Boolean) : [];
    const space = relative(CHARTS, dirname(folder));
    return { folder, space, versions: [version, ...more] };
  });
}

/** A package on disk. */
class Package {
  constructor(path, space, version) {
    this.path = path;
    this.file = basename(path);
    this.space = space;
    this.version = version;
    this.name = this.file.slice(0, -`-${version}.tgz`.length);
    this.bytes = readFileSync(path);
    this.digest = hex(this.bytes);
  }
}

/** Packages one version of a chart, signed where a key is given. */
export async function pack(helm, folder, version, { space = "", key } = {}) {
  const into = join(helm.home, "packages", space);
  mkdirSync(into, { recursive: true });
  const sign = key ? ["--sign", "--key", key.name, "--keyring", key.secret] : [];
  const { out } = await helm.run("package", folder, "--version", version, "--destination", into, ...sign);
  const [, path] = /saved it to: (.*)$/m.exec(out);
  return new Package(path, space, version);
}

/** Packages every version of every sample; those of `hello` are signed. */
export async function packAll(helm, key) {
  const packages = [];
  for (const { folder, space, versions } of samples()) {
    for (const version of versions) {
      packages.push(await pack(helm, folder, version, { space, key: basename(folder) === "hello" ? key : undefined }));
    }
  }
  return packages;
}

/** Pushes a package, with its provenance where it lies beside it, to `place`, `host/prefix`. */
export async function push(helm, place, made) {
  const target = ["oci:/", place, made.space].filter(Boolean).join("/");
  await helm.run("push", made.path, target, "--plain-http");
}
