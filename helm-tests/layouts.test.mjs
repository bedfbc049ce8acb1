// Every layout in which charts lie in registries, side by side with what is no chart: each old and new Helm finds all the
// charts and nothing else, and pulls what was pushed. ORAS pushes what people push with it; what no program makes any more is
// put there as its maker did.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";

import { start } from "../wasm-tests/harness.mjs";
import { chart, hex, json, pushManifest, put, tar } from "../wasm-tests/push.mjs";
import { streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { oras } from "../wasm-tests/tools.mjs";
import { HELMS, Helm, OLD_HELMS, Outcome } from "./helm.mjs";

const PREFIX = "acme/charts";
const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
const IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json";
const HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json";
const PACKAGE = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

describe("charts in every layout", () => {
  const scope = new Scope();
  /** Charts whose package lies in the registry as it is served. */
  const stored = [];
  /** Charts in two layers, with the files that they must have. */
  const rebuilt = [];
  let registry;
  let workers;

  before(async () => {
    registry = await streaming(scope);
    await twoLayers();
    await onePackage();
    await inAnIndex();
    await byOras();
    await noCharts();
    const settings = { REGISTRY: `http://${registry.host}/${PREFIX}` };
    workers = {
      JSON: await start(scope, settings),
      YAML: await start(scope, { ...settings, INDEX_FORMAT: "yaml" }),
    };
  });
  after(() => scope.end());

  for (const kind of [...OLD_HELMS, ...HELMS]) {
    for (const format of ["JSON", "YAML"]) {
      test(`${kind.name} finds and pulls all of them, and nothing else, by ${format}`, async () => {
        const helm = new Helm(scope, kind);
        await helm.run("repo", "add", "acme", `http://${workers[format].host}`);
        const { json: found } = await helm.run("search", "repo", "acme/", "--versions", "--devel", "-o", "json");
        const expected = [...stored, ...rebuilt].map(({ name, version }) => `acme/${name} ${version}`);
        assert.deepEqual(found.map(({ name, version }) => `${name} ${version}`).sort(), expected.sort());
        for (const { name, version, file, digest } of stored) {
          await helm.run("pull", `acme/${name}`, "--version", version);
          assert.equal(hex(readFileSync(join(helm.home, file))), digest, name);
        }
        for (const { name, version, files } of rebuilt) {
          const into = mkdtempSync(join(helm.home, "untarred-"));
          await helm.run("pull", `acme/${name}`, "--version", version, "--untar", "--untardir", into);
          const pulled = read(join(into, name));
          const metadata = JSON.parse(pulled["Chart.yaml"]);
          assert.deepEqual([metadata.name, metadata.version, metadata.description], [name, version, "In two layers"]);
          delete pulled["Chart.yaml"];
          assert.deepEqual(pulled, files);
          const { out } = await helm.run("template", "hi", join(into, name));
          assert.match(out, new RegExp(`greeting: hi ${name}-${version.replaceAll(".", "\\.")} of old and of sub`));
        }
      });
    }
  }

  test("what is served is named by the digest of the index, and what is not by its reason", async () => {
    const { json: index } = await workers.JSON.index();
    for (const { name, version } of rebuilt) {
      const [entry] = index.entries[name];
      const answer = await workers.JSON.send(`/${entry.urls[0]}`);
      assert.deepEqual([answer.status, hex(answer.body)], [200, entry.digest], `${name} ${version}`);
    }
    const { skipped } = await workers.JSON.info();
    assert.deepEqual(
      skipped.map(({ repository, reason }) => `${repository.slice(PREFIX.length + 1)}: ${reason}`).sort(),
      ["mixed: Flux artifact", "mixed: Helm plugin", "mixed: container image"],
    );
  });

  /** The layouts of 2019: metadata in one layer, all other files below a folder `-` in the other. */
  async function twoLayers() {
    const demo = [IMAGE_CONFIG, "application/vnd.cncf.helm.chart.meta.v1+json", "application/vnd.cncf.helm.chart.content.v1+tar"];
    const alpha = [HELM_CONFIG, "application/vnd.cncf.helm.chart.meta.layer.v1+json", "application/vnd.cncf.helm.chart.content.layer.v1+tar"];
    for (const [name, [configType, metaType, contentType], prefix, titles] of [
      ["demo", demo, "chart", ["meta.json", "content.tgz"]],
      ["alpha-one", demo, "sh.helm.chart", ["chart-meta.json", "chart-content.tgz"]],
      ["alpha-two", alpha, "sh.helm.chart", ["chart-meta.json", "chart-content.tgz"]],
    ]) {
      const version = "2.7.0";
      const files = {
        "values.yaml": "of: of old\n",
        "templates/configmap.yaml": [
          "apiVersion: v1",
          "kind: ConfigMap",
          "metadata:",
          "  name: {{ .Release.Name }}",
          "data:",
          '  greeting: {{ .Release.Name }} {{ .Chart.Name }}-{{ .Chart.Version }} {{ .Values.of }} and {{ include "sub.of" . }}',
          "",
        ].join("\n"),
        "README.md": `# ${name}\n`,
        "requirements.yaml": "dependencies:\n- name: sub\n  version: 0.1.0\n  repository: https://example.com\n",
        "charts/sub/Chart.yaml": "apiVersion: v1\nname: sub\nversion: 0.1.0\n",
        "charts/sub/templates/_of.tpl": '{{ define "sub.of" }}of sub{{ end }}\n',
      };
      const meta = Buffer.from(JSON.stringify({ description: "In two layers", apiVersion: "v1" }));
      const content = gzipSync(tar("-", { "Chart.yaml": "apiVersion: v1\nname: '-'\nversion: 0.1.0\n", ...files }));
      const title = "org.opencontainers.image.title";
      await pushBelow(`ancient/of-${name}`, "latest", [configType, Buffer.from("{}")], [
        [metaType, meta, { [title]: titles[0] }],
        [contentType, content, { [title]: titles[1], [`${prefix}.name`]: name, [`${prefix}.version`]: version }],
      ]);
      rebuilt.push({ name, version, files });
    }
  }

  /** Packages with Helm's config, as Helm 3.0.0-beta pushed them, and in Docker's envelope. */
  async function onePackage() {
    const beta = chart("beta", "0.1.0");
    await pushBelow("whatever", "stable", [HELM_CONFIG, json(beta.config)], [
      ["application/vnd.cncf.helm.chart.content.layer.v1+tar", beta.package],
    ]);
    const docker = chart("docker", "1.0.0+build.5");
    await pushBelow("docker", "1.0.0_build.5", [HELM_CONFIG, json(docker.config)], [[PACKAGE, docker.package]], DOCKER_MANIFEST);
    stored.push(beta, docker);
  }

  /** A chart beside images, in an index and in Docker's list. */
  async function inAnIndex() {
    for (const [name, indexType, childType] of [["in-index", OCI_INDEX, OCI_MANIFEST], ["in-list", DOCKER_LIST, DOCKER_MANIFEST]]) {
      const made = chart(name, "1.0.0");
      const child = await pushBelow(name, undefined, [HELM_CONFIG, json(made.config)], [[PACKAGE, made.package]], childType);
      const image = await pushBelow(name, undefined, [IMAGE_CONFIG, json({ os: "linux" })], [LAYER], childType);
      const linux = { os: "linux", architecture: "amd64" };
      const unknown = { os: "unknown", architecture: "unknown" };
      const manifests = [
        { ...image, platform: linux },
        { ...image, platform: unknown, annotations: { "vnd.docker.reference.type": "attestation-manifest" } },
        indexType === OCI_INDEX ? child : { ...child, platform: unknown },
      ];
      await put(registry, `/v2/${PREFIX}/${name}/manifests/1.0.0`, indexType, json({ schemaVersion: 2, mediaType: indexType, manifests }));
      stored.push(made);
    }
  }

  /** What people push with ORAS: an empty config, one made of Chart.yaml by hand, and none of Helm's at all. */
  async function byOras() {
    const folder = scope.folder();
    for (const [name, config, more] of [
      ["oras-empty", "{}", ["--config", `config.json:${HELM_CONFIG}`]],
      ["oras-by-hand", '{"apiVersion":2,"name":"oras-by-hand","version":"1.0.0","appVersion":1.10,"keywords":"web","x":[null]}', ["--config", `config.json:${HELM_CONFIG}`]],
      ["oras-artifact", "", ["--artifact-type", HELM_CONFIG]],
    ]) {
      const made = chart(name, "1.0.0");
      writeFileSync(join(folder, "config.json"), config);
      writeFileSync(join(folder, made.file), made.package);
      const place = `${registry.push}/${PREFIX}/by-oras/${name}:1.0.0`;
      const pushed = await Outcome.of(oras(), ["push", "--plain-http", place, ...more, `${made.file}:${PACKAGE}`], { cwd: folder });
      assert.equal(pushed.status, 0, String(pushed));
      stored.push(made);
    }
  }

  /** An image, a plugin, a Flux artifact and a signature, in one repository with a chart. */
  async function noCharts() {
    const empty = (type) => [type, Buffer.from("{}")];
    await pushBelow("mixed", "0.1.0", empty(IMAGE_CONFIG), [LAYER]);
    await pushBelow("mixed", "0.2.0", empty("application/vnd.helm.plugin.v1+json"), [LAYER]);
    await pushBelow("mixed", "0.3.0", empty("application/vnd.cncf.flux.config.v1+json"), [["application/vnd.cncf.flux.content.v1.tar+gzip", LAYER[1]]]);
    await pushBelow("mixed", `sha256-${hex("signed")}.sig`, empty(IMAGE_CONFIG), [["application/vnd.dev.cosign.simplesigning.v1+json", json({})]]);
    await pushBelow("mixed", "artifacthub.io", empty("application/vnd.cncf.artifacthub.config.v1+yaml"), [LAYER]);
    const made = chart("mixed", "1.0.0");
    await pushBelow("mixed", "1.0.0", [HELM_CONFIG, json(made.config)], [[PACKAGE, made.package]]);
    stored.push(made);
  }

  /** Pushes below the prefix. Helm's manifests do not say their type, Docker's have to. */
  function pushBelow(space, tag, config, layers, type) {
    const told = type === DOCKER_MANIFEST ? { type } : {};
    return pushManifest(registry, `${PREFIX}/${space}`, tag, config, layers, told);
  }
});

const LAYER = ["application/vnd.oci.image.layer.v1.tar+gzip", Buffer.from("a layer")];

/** The files below a folder, by their paths. */
function read(folder) {
  const paths = readdirSync(folder, { recursive: true }).filter((path) => statSync(join(folder, path)).isFile());
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}
