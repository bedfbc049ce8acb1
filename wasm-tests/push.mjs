// Makes charts and pushes them as `helm push` does: a config, a package, perhaps a provenance file, a manifest.

import { createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";

import { keeping, send } from "./http.mjs";

const CONFIG = "application/vnd.cncf.helm.config.v1+json";
const PACKAGE = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const PROVENANCE = "application/vnd.cncf.helm.chart.provenance.v1.prov";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** The digest of bytes, bare. */
export function hex(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * A chart: its metadata, its package, and a provenance file if one is wanted. `ballast` bytes of noise make the package
 * about that large.
 */
export function chart(name, version, { metadata = {}, ballast = 0, provenance = false } = {}) {
  const config = { apiVersion: "v2", name, version, description: `The chart ${name}`, ...metadata };
  const files = { "Chart.yaml": JSON.stringify(config), "values.yaml": "{}\n" };
  if (ballast > 0) files["ballast.bin"] = randomBytes(ballast);
  const made = { name, version, file: `${name}-${version}.tgz`, config, package: gzipSync(tar(name, files), { level: 1 }) };
  made.digest = hex(made.package);
  made.link = `charts/${made.digest.slice(0, 16)}/${made.file}`;
  if (provenance) {
    made.provenance = Buffer.from(
      `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nfiles:\n  ${made.file}: sha256:${made.digest}\n-----END PGP SIGNATURE-----\n`,
    );
  }
  return made;
}

/** The files as ustar. */
export function tar(folder, files) {
  const blocks = [];
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(`${folder}/${name}`, 0);
    header.write("0000644\0", 100);
    header.write("0000000\0", 108);
    header.write("0000000\0", 116);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0", 136);
    header.write("        ", 148);
    header.write("0", 156);
    header.write("ustar\x0000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    blocks.push(header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** The tag Helm gives a version: tags take no `+`. */
export function tagOf(version) {
  return version.replaceAll("+", "_");
}

/**
 * Pushes a chart to `registry` (of registries.mjs). Gives the manifest's digest and how it can be told again. `created`
 * is the annotation's text.
 */
export async function push(registry, repository, made, { tag = tagOf(made.version), created = "2026-01-02T03:04:05Z" } = {}) {
  const config = Buffer.from(JSON.stringify(made.config));
  const layers = [descriptor(PACKAGE, made.package)];
  if (made.provenance) layers.push(descriptor(PROVENANCE, made.provenance));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: descriptor(CONFIG, config),
      layers,
      annotations: {
        "org.opencontainers.image.title": made.name,
        "org.opencontainers.image.version": made.version,
        "org.opencontainers.image.created": created,
      },
    }),
  );
  const blobs = [config, made.package, made.provenance].filter(Boolean);
  await Promise.all(blobs.map((bytes) => pushBlob(registry, repository, bytes)));
  await put(registry, `/v2/${repository}/manifests/${tag}`, MANIFEST, manifest);
  return { digest: `sha256:${hex(manifest)}`, repository, tag };
}

/**
 * Pushes a chart in two layers, as ORAS's demo made them in 2019: `meta` is what Chart.yaml says but for name and version,
 * all other files lie below a folder `-`.
 */
export async function pushTwoLayers(registry, repository, { name, version, meta, files }) {
  const config = Buffer.from("{}");
  const told = Buffer.from(JSON.stringify({ apiVersion: "v1", ...meta }));
  const content = gzipSync(tar("-", { "Chart.yaml": "name: '-'\nversion: '-'\n", ...files }), { level: 1 });
  const title = "org.opencontainers.image.title";
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: descriptor("application/vnd.oci.image.config.v1+json", config),
      layers: [
        { ...descriptor("application/vnd.cncf.helm.chart.meta.v1+json", told), annotations: { [title]: "meta.json" } },
        {
          ...descriptor("application/vnd.cncf.helm.chart.content.v1+tar", content),
          annotations: { [title]: "content.tgz", "chart.name": name, "chart.version": version },
        },
      ],
    }),
  );
  for (const blob of [config, told, content]) await pushBlob(registry, repository, blob);
  await put(registry, `/v2/${repository}/manifests/latest`, MANIFEST, manifest);
}

/** Pushes something that is no chart. */
export async function pushImage(registry, repository, tag) {
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
  const layer = gzipSync(Buffer.alloc(1024));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: descriptor("application/vnd.oci.image.config.v1+json", config),
      layers: [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer)],
    }),
  );
  await Promise.all([config, layer].map((bytes) => pushBlob(registry, repository, bytes)));
  await put(registry, `/v2/${repository}/manifests/${tag}`, MANIFEST, manifest);
}

/** Deletes what a push left, so that its tag is gone. */
export async function remove(registry, { repository, digest }) {
  const answer = await send(registry.push, `/v2/${repository}/manifests/${digest}`, {
    method: "DELETE",
    headers: registry.login,
  });
  expect(answer, 202, `deleting ${repository}@${digest}`);
}

/** Does `work` for every item, `width` at a time. */
export async function each(items, width, work) {
  const left = items[Symbol.iterator]();
  const run = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: width }, run));
}

/** What a manifest says of a blob. */
export function descriptor(mediaType, bytes) {
  return { mediaType, digest: `sha256:${hex(bytes)}`, size: bytes.length };
}

/** Pushes a blob. */
export async function pushBlob(registry, repository, bytes) {
  const begun = await send(registry.push, `/v2/${repository}/blobs/uploads/`, {
    method: "POST",
    headers: { ...registry.login, "content-length": 0 },
    agent: keeping,
  });
  expect(begun, 202, `beginning an upload to ${repository}`);
  const place = new URL(begun.headers.location, `http://${registry.push}`);
  place.searchParams.set("digest", `sha256:${hex(bytes)}`);
  await put(registry, place.pathname + place.search, "application/octet-stream", bytes);
}

/** Puts a manifest or what was uploaded. */
export async function put(registry, path, type, bytes) {
  const headers = { ...registry.login, "content-type": type, "content-length": bytes.length };
  const answer = await send(registry.push, path, { method: "PUT", headers, body: bytes, agent: keeping });
  expect(answer, 201, `PUT ${path}`);
}

function expect(answer, status, what) {
  if (answer.status !== status) throw new Error(`${what}: ${answer.status} ${answer.text}`);
}
