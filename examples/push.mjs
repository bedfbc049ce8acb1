// Packs charts and pushes them to a registry over HTTP, as `helm package` and `helm push` do, for machines without Helm.
//
//   node examples/push.mjs http://127.0.0.1:5001/charts    pushes examples/charts: <repository>/<version>/Chart.yaml
//
// PORTOLAN_MODULES names a folder of npm packages that has `yaml`.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const modules = process.env.PORTOLAN_MODULES;
const { parse } = createRequire(modules ? join(modules, "x") : import.meta.url)("yaml");

/** Where the sample charts are. */
export const SAMPLES = join(dirname(fileURLToPath(import.meta.url)), "charts");

export const sha256 = (bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** All charts below a folder: `{ repository, folder }`, a chart's repository being the folders above its version. */
export function charts(root = SAMPLES) {
  return readdirSync(root, { recursive: true })
    .map(String)
    .filter((path) => path.endsWith("/Chart.yaml"))
    .sort()
    .map((path) => ({ repository: dirname(dirname(path)), folder: join(root, dirname(path)) }));
}

/** A chart's folder as a package: `{ metadata, bytes }`. The same files give the same bytes. */
export function pack(folder) {
  const metadata = parse(readFileSync(join(folder, "Chart.yaml"), "utf8"));
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    // Chart.yaml first, as Helm has it: readers then need not read on.
    .sort((a, b) => (b === "Chart.yaml") - (a === "Chart.yaml") || (a < b ? -1 : 1));
  const entries = files.map((file) => tarEntry(`${metadata.name}/${file}`, readFileSync(join(folder, file))));
  return { metadata, bytes: gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)])) };
}

/** One file in the ustar format (POSIX.1-1988): a header of 512 bytes and the content, filled up to whole blocks. */
function tarEntry(name, content) {
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is longer than a tar header takes`);
  const header = Buffer.alloc(512);
  const octal = (number, digits) => `${number.toString(8).padStart(digits, "0")}\0`;
  header.write(name, 0);
  header.write(octal(0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(content.length, 11), 124);
  header.write(octal(0, 11), 136);
  header.write("        0", 148); // the sum is made with spaces in its place; type: a file
  header.write("ustar\x0000", 257);
  header.write(`${header.reduce((sum, byte) => sum + byte).toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

/**
 * Pushes a package as one version of a repository, in the form that Helm has used since 3.7, and gives
 * `{ tag, digest, size, manifest }`: digest and size are the package's, manifest is the manifest's digest.
 * `registry` is an origin such as http://127.0.0.1:5001; `headers` go along with each request.
 */
export async function push({ registry, repository, metadata, bytes, provenance, created, tag, headers = {} }) {
  const config = Buffer.from(JSON.stringify(metadata));
  const send = async (path, init) => {
    const response = await fetch(new URL(path, registry), { ...init, headers: { ...headers, ...init.headers } });
    const text = await response.text();
    if (!response.ok) throw new Error(`${init.method} ${path.split("?")[0]}: ${response.status} ${text}`);
    return response;
  };
  const blob = async (mediaType, body) => {
    const digest = sha256(body);
    const begun = await send(`/v2/${repository}/blobs/uploads/`, { method: "POST" });
    const target = new URL(begun.headers.get("location"), registry);
    target.searchParams.set("digest", digest);
    // Without a type, some registries take the body for a form.
    await send(target.href, { method: "PUT", body, headers: { "content-type": "application/octet-stream" } });
    return { mediaType, digest, size: body.length };
  };
  const layers = [await blob("application/vnd.cncf.helm.chart.content.v1.tar+gzip", bytes)];
  if (provenance) layers.push(await blob("application/vnd.cncf.helm.chart.provenance.v1.prov", provenance));
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: await blob("application/vnd.cncf.helm.config.v1+json", config),
    layers,
    annotations: {
      "org.opencontainers.image.title": metadata.name,
      "org.opencontainers.image.version": metadata.version,
      ...(created ? { "org.opencontainers.image.created": created } : {}),
    },
  });
  // A tag cannot hold a plus sign.
  tag ??= metadata.version.replaceAll("+", "_");
  await send(`/v2/${repository}/manifests/${tag}`, { method: "PUT", body: manifest, headers: { "content-type": mediaType } });
  return { tag, digest: layers[0].digest, size: layers[0].size, manifest: sha256(manifest) };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const target = new URL(process.argv[2]);
  const prefix = target.pathname.replace(/^\/|\/$/g, "");
  for (const { repository, folder } of charts()) {
    const name = [prefix, repository].filter(Boolean).join("/");
    const { metadata, bytes } = pack(folder);
    const { tag } = await push({ registry: target.origin, repository: name, metadata, bytes, created: "2026-01-01T00:00:00Z" });
    console.log(`pushed ${name}:${tag}`);
  }
}
