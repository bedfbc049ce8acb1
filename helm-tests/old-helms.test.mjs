// What was pushed years ago, and those who never upgraded: charts that old Helms pushed, in layouts that new ones no longer
// make, are read by old and new Helms alike.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { start } from "../wasm-tests/harness.mjs";
import { send } from "../wasm-tests/http.mjs";
import { hex, pushTwoLayers } from "../wasm-tests/push.mjs";
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
    charts.push(await pushAncient(registry));
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

/** What was pushed before Helm knew registries. */
async function pushAncient(registry) {
  const template = [
    "apiVersion: v1",
    "kind: ConfigMap",
    "metadata:",
    "  name: {{ .Release.Name }}",
    "data:",
    "  greeting: {{ .Release.Name }} {{ .Chart.Name }}-{{ .Chart.Version }} {{ .Values.of }}",
    "",
  ].join("\n");
  const made = { name: "demo", version: "2.0.0" };
  await pushTwoLayers(registry, `${PREFIX}/ancient/anything`, {
    ...made,
    meta: { description: "From the time before Helm knew registries", appVersion: "1.1.0" },
    files: { "values.yaml": "of: of old\n", "templates/configmap.yaml": template },
  });
  // Its package exists nowhere until it is asked for: only the index says its digest.
  return made;
}
