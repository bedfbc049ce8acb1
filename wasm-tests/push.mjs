// Makes charts and pushes them as `helm push` does: a config, a package, perhaps a provenance file, a manifest.

import { createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";

import { keeping, send } from "./http.mjs";

const CONFIG = "application/vnd.cncf.helm.config.v1+json";
const PACKAGE = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const PROVENANCE = "application/vnd.cncf.helm.chart.provenance.v1.prov";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json";
const IMAGE_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

/** The digest of bytes, bare. */
export function hex(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * A chart: its metadata, its package with these `files`, and a provenance file if one is wanted. `ballast` bytes of noise make
 * the package about that large.
 */
export function chart(name, version, { metadata = {}, files: more = {}, ballast = 0, provenance = false } = {}) {
  const config = { apiVersion: "v2", name, version, description: `The chart ${name}`, ...metadata };
  const files = { "Chart.yaml": JSON.stringify(config), "values.yaml": "{}\n", ...more };
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

/** The files as ustar (POSIX.1-1988): for each a header of 512 bytes and the content, filled up to whole blocks. */
export function tar(folder, files) {
  const blocks = [];
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const header = Buffer.alloc(512);
    if (Buffer.byteLength(`${folder}/${name}`) > 100) throw new Error(`${name} is longer than a tar header takes`);
    header.write(`${folder}/${name}`, 0);
    header.write("0000644\0", 100);
    header.write("0000000\0", 108);
    header.write("0000000\0", 116);
    header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0", 136);
    header.write("        ", 148); // the sum is made with spaces in its place
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
  const layers = [[PACKAGE, made.package]];
  if (made.provenance) layers.push([PROVENANCE, made.provenance]);
  const annotations = {
    "org.opencontainers.image.title": made.name,
    "org.opencontainers.image.version": made.version,
    "org.opencontainers.image.created": created,
  };
  const { digest } = await pushManifest(registry, repository, tag, [CONFIG, json(made.config)], layers, { type: MANIFEST, annotations });
  return { digest, repository, tag };
}

/**
 * Pushes a chart in two layers, as ORAS's demo made them in 2019: `meta` is what Chart.yaml says but for name and version,
 * all other files lie below a folder `-`.
 */
export async function pushTwoLayers(registry, repository, { name, version, meta, files }) {
  const content = gzipSync(tar("-", { "Chart.yaml": "name: '-'\nversion: '-'\n", ...files }), { level: 1 });
  const title = "org.opencontainers.image.title";
  await pushManifest(registry, repository, "latest", [IMAGE_CONFIG, json({})], [
    ["application/vnd.cncf.helm.chart.meta.v1+json", json({ apiVersion: "v1", ...meta }), { [title]: "meta.json" }],
    ["application/vnd.cncf.helm.chart.content.v1+tar", content, { [title]: "content.tgz", "chart.name": name, "chart.version": version }],
  ]);
}

/** Pushes something that is no chart. */
export async function pushImage(registry, repository, tag) {
  const config = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] } };
  const layer = gzipSync(Buffer.alloc(1024));
  await pushManifest(registry, repository, tag, [IMAGE_CONFIG, json(config)], [[IMAGE_LAYER, layer]], { type: MANIFEST });
}

/**
 * Pushes blobs and the manifest that names them, under a tag or by its digest only; gives its descriptor. The config is
 * `[type, bytes]`, a layer `[type, bytes, annotations]`. The manifest says its own type only where one is given.
 */
export async function pushManifest(registry, repository, tag, [configType, config], layers, { type, annotations } = {}) {
  await Promise.all([config, ...layers.map(([, bytes]) => bytes)].map((bytes) => pushBlob(registry, repository, bytes)));
  const manifest = json({
    schemaVersion: 2,
    mediaType: type,
    config: descriptor(configType, config),
    layers: layers.map(([layerType, bytes, notes]) => ({ ...descriptor(layerType, bytes), ...(notes && { annotations: notes }) })),
    annotations,
  });
  const itself = descriptor(type ?? MANIFEST, manifest);
  await put(registry, `/v2/${repository}/manifests/${tag ?? itself.digest}`, itself.mediaType, manifest);
  return itself;
}

/** A value as JSON, in bytes. */
export function json(value) {
  return Buffer.from(JSON.stringify(value));
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
