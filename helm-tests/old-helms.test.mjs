// What was pushed years ago, and those who never upgraded: charts that old Helms pushed, in layouts that new ones no longer
// make, are read by old and new Helms alike.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";

import { start } from "../wasm-tests/harness.mjs";
import { send } from "../wasm-tests/http.mjs";
import { descriptor, hex, pushBlob, put, tar } from "../wasm-tests/push.mjs";
import { streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { EXAMPLES, pack } from "./charts.mjs";
import { HELMS, Helm, OLD_HELMS } from "./helm.mjs";
import { makeKey } from "./keys.mjs";

const PREFIX = "acme/charts";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

describe("old and new Helms", () => {
  const scope = new Scope();
  const [oldest, ...pushers] = OLD_HELMS;
  /** What must be there: name, version, space, digest. */
  const charts = [];
  let registry;
  let key;
  let json;
  let yaml;

  before(async () => {
    registry = await streaming(scope);
    key = await makeKey(scope);
    charts.push(await pushTwoLayers(registry));
    charts.push(await saveAndPush(new Helm(scope, oldest, { HELM_EXPERIMENTAL_OCI: "1" }), registry));
    for (const kind of pushers) {
      const helm = new Helm(scope, kind);
      const space = kind.name.toLowerCase().replaceAll(/[^a-z0-9]/g, "-");
      const folder = join(EXAMPLES, "charts/hello/0.2.0+build.7");
      // No two of one name and version: one would stand behind the other.
      const made = await pack(helm, folder, { space, key, version: `${kind.name.slice(5)}.0+build.7` });
      await helm.run("push", made.path, `oci://${registry.push}/${PREFIX}/${space}`);
      charts.push(made);
    }
    const settings = { REGISTRY: `http://${registry.host}/${PREFIX}` };
    json = await start(scope, settings);
    yaml = await start(scope, { ...settings, INDEX_FORMAT: "yaml" });
    const demo = charts.find(({ name }) => name === "demo");
    demo.digest = (await json.index()).json.entries.demo[0].digest;
  });
  after(() => scope.end());

  for (const kind of [...OLD_HELMS, ...HELMS]) {
    for (const format of ["JSON", "YAML"]) {
      test(`${kind.name} reads an index in ${format}, and pulls all`, async () => {
        const worker = format === "JSON" ? json : yaml;
        const helm = new Helm(scope, kind);
        await helm.run("repo", "add", "acme", `http://${worker.host}`);
        await helm.run("repo", "update");
        const { json: found } = await helm.run("search", "repo", "acme/", "--versions", "-o", "json");
        const expected = charts.map(({ name, version }) => `acme/${name} ${version}`);
        assert.deepEqual(found.map(({ name, version }) => `${name} ${version}`).sort(), expected.sort());
        for (const { name, version, digest } of charts) {
          await helm.run("pull", `acme/${name}`, "--version", version);
          assert.equal(hex(readFileSync(join(helm.home, `${name}-${version}.tgz`))), digest, name);
        }
      });
    }

    test(`${kind.name} uses what was made in two layers`, async () => {
      const helm = new Helm(scope, kind);
      const place = ["demo", "--repo", `http://${json.host}/ancient`];
      const { out: shown } = await helm.run("show", "chart", ...place);
      assert.match(shown, /^name: demo$/m);
      assert.match(shown, /^version: 2\.0\.0$/m);
      assert.match(shown, /^description: From the time before Helm knew registries$/m);
      const { out } = await helm.run("template", "hi", ...place);
      assert.match(out, /greeting: hi demo-2\.0\.0 of old/);
    });

    test(`${kind.name} believes a signature`, async () => {
      const helm = new Helm(scope, kind);
      const { version } = charts.at(-1);
      const place = ["hello", "--repo", `http://${json.host}`, "--version", version];
      await helm.run("pull", ...place, "--verify", "--keyring", key.public);
      const stranger = await makeKey(scope);
      const { err } = await helm.fails("pull", ...place, "--verify", "--keyring", stranger.public);
      assert.match(err, /openpgp: signature made by unknown entity/);
    });
  }
});

/** Helm 3.6 stores a chart under any name and tag, in one layer of a type of its own. */
async function saveAndPush(helm, registry) {
  const reference = `${registry.push}/${PREFIX}/experimental/renamed:stable`;
  await helm.run("chart", "save", join(EXAMPLES, "charts/team-a/web/1.4.2"), reference);
  await helm.run("chart", "push", reference);
  const { json } = await send(registry.host, `/v2/${PREFIX}/experimental/renamed/manifests/stable`, { headers: { accept: MANIFEST } });
  assert.equal(json.layers.length, 1);
  assert.equal(json.layers[0].mediaType, "application/tar+gzip");
  return { name: "web", version: "1.4.2", digest: json.layers[0].digest.slice("sha256:".length) };
}

/** Two layers, as ORAS's demo made them in 2019: what Chart.yaml says, and all other files below a folder `-`. */
async function pushTwoLayers(registry) {
  const repository = `${PREFIX}/ancient/anything`;
  const config = Buffer.from("{}");
  const meta = Buffer.from(JSON.stringify({ description: "From the time before Helm knew registries", apiVersion: "v1", appVersion: "1.1.0" }));
  const template = [
    "apiVersion: v1",
    "kind: ConfigMap",
    "metadata:",
    "  name: {{ .Release.Name }}",
    "data:",
    "  greeting: {{ .Release.Name }} {{ .Chart.Name }}-{{ .Chart.Version }} {{ .Values.of }}",
    "",
  ].join("\n");
  const content = gzipSync(
    tar("-", { "Chart.yaml": "name: '-'\nversion: '-'\n", "values.yaml": "of: of old\n", "templates/configmap.yaml": template }),
  );
  for (const blob of [config, meta, content]) await pushBlob(registry, repository, blob);
  const title = "org.opencontainers.image.title";
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      config: descriptor("application/vnd.oci.image.config.v1+json", config),
      layers: [
        { ...descriptor("application/vnd.cncf.helm.chart.meta.v1+json", meta), annotations: { [title]: "meta.json" } },
        {
          ...descriptor("application/vnd.cncf.helm.chart.content.v1+tar", content),
          annotations: { [title]: "content.tgz", "chart.name": "demo", "chart.version": "2.0.0" },
        },
      ],
    }),
  );
  await put(registry, `/v2/${repository}/manifests/latest`, MANIFEST, manifest);
  // Its package exists nowhere until it is asked for: only the index says its digest.
  return { name: "demo", version: "2.0.0" };
}
