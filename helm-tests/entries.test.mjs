// What an index says of a chart is what `helm repo index` says of the same package, value by value: for charts that Helm
// pushed, which carry their metadata beside the package, and for packages that came without.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";

import { start } from "../wasm-tests/harness.mjs";
import { hex, json, pushManifest, tagOf, tar } from "../wasm-tests/push.mjs";
import { streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { HELMS, Helm } from "./helm.mjs";

const CONFIG = "application/vnd.cncf.helm.config.v1+json";
const PACKAGE = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/** The rest of each `Chart.yaml`, by its kind; and other files where it has any. */
const KINDS = {
  least: "",
  everything: `
type: application
appVersion: "1.10"
kubeVersion: ">=1.20.0-0"
description: A chart with everything.
home: https://example.com
icon: https://example.com/icon.svg
keywords: [web, server]
sources: [https://example.com/a, https://example.com/b]
maintainers:
- {name: Ann, email: ann@example.com, url: https://example.com/ann}
annotations:
  category: Web
  artifacthub.io/changes: |
    - kind: added
      description: "Ünïcödé, #hash and: colons"
deprecated: true
condition: a.b
tags: c
dependencies:
- {name: postgresql, version: ~12.1.0, repository: "https://charts.example", condition: db.enabled, alias: db, tags: [backend], enabled: true}
- {name: common, version: 1.x.x, repository: "oci://registry.example/charts", import-values: [data, {child: exports.data, parent: global}]}
`,
  library: "type: library\n",
  local: 'dependencies:\n- {name: inside, version: 0.1.0, repository: ""}\n- {name: unsaid, version: ">0"}\n- {name: file, version: 1.0.0, repository: "file://../file"}\n',
  spaces: `
description: "  around, a\\ttab,\\nanother line "
home: " https://example.com "
kubeVersion: ">=1.20.0-0 "
keywords: [" k ", "a\\nb"]
dependencies:
- {name: a, version: " 1.0.0 ", repository: "https://charts.example ", condition: "a.b ", tags: [" t "]}
`,
  unprintable: 'description: "\\u202e turned, soft\\u00ADhyphen, \\e escape, \\u200b, \\ue000 private, 👨‍👩‍👧 🚀 नमस्ते e\\u0301"\nannotations: {"a\\tb ": "x\\r\\ny\\e\\u202e\\u2028 \\x7f"}\n',
  empty: `
description: ""
home: ""
icon: ""
keywords: ["", null, x]
sources: [""]
maintainers: [{name: Ann, email: ""}, {}]
annotations: {empty: "", nothing: null}
dependencies:
- {name: a, version: "", tags: ["", t], import-values: [{child: "", parent: ""}, {child: x, other: z}]}
`,
  folded: "description: >\n  Two lines\n  of one text.\n\n  And another.\n",
  numbers: "appVersion: 1.10\ndescription: 7\nkeywords: [1, 2.50, true]\nannotations: {a: 1, b: true, c: 0.5, d: 1e3}\n",
  javascript: '{"description": "JSON is YAML: \\u00e9 \\ud83d\\ude80", "keywords": ["a"]}',
};

/** As Helm 2 made them: no apiVersion 2, dependencies in a file of their own. */
const OLD = {
  "Chart.yaml": "apiVersion: v1\nname: old\nversion: 0.1.0\ndescription: Old\nengine: gotpl\ntillerVersion: '>2.0.0'\n",
  "requirements.yaml": "dependencies:\n- name: sub\n  version: 0.1.0\n  repository: https://example.com\n- {name: here, version: 1.0.0}\n",
};

function packages() {
  const made = Object.entries(KINDS).map(([name, rest]) => {
    const version = name === "everything" ? "1.2.3-rc.1+build.5" : "1.0.0";
    const said = { apiVersion: "v2", name, version };
    const text = rest.startsWith("{")
      ? JSON.stringify({ ...said, ...JSON.parse(rest) })
      : `apiVersion: v2\nname: ${name}\nversion: ${version}\n${rest}`;
    return { name, version, bytes: gzipSync(tar(name, { "Chart.yaml": text, "values.yaml": "{}\n" })) };
  });
  return [...made, { name: "old", version: "0.1.0", bytes: gzipSync(tar("old", OLD)) }];
}

for (const kind of HELMS) {
  describe(kind.name, () => {
    const scope = new Scope();
    const made = packages();
    let written;
    let served;

    before(async () => {
      const helm = new Helm(scope, kind);
      const registry = await streaming(scope);
      const folder = join(helm.home, "packages");
      mkdirSync(folder);
      for (const { name, version, bytes } of made) {
        const path = join(folder, `${name}-${version}.tgz`);
        writeFileSync(path, bytes);
        await helm.run("push", path, `oci://${registry.push}/pushed`, "--plain-http");
        await pushManifest(registry, `bare/${name}`, tagOf(version), [CONFIG, json({})], [[PACKAGE, bytes]]);
      }
      await helm.run("repo", "index", folder, "--json");
      written = JSON.parse(readFileSync(join(folder, "index.yaml"), "utf8")).entries;
      served = {};
      for (const prefix of ["pushed", "bare"]) {
        const worker = await start(scope, { REGISTRY: `http://${registry.host}/${prefix}` });
        served[prefix] = (await worker.index()).json.entries;
      }
    });
    after(() => scope.end());

    for (const [prefix, how] of [["pushed", "that Helm pushed"], ["bare", "without metadata beside it"]]) {
      for (const { name, bytes } of made) {
        test(`a chart ${how}: ${name}`, () => {
          const [expected] = written[name];
          const [entry, ...more] = served[prefix][name];
          assert.deepEqual(more, []);
          assert.equal(entry.digest, hex(bytes));
          assert.deepEqual(comparable(entry), comparable(expected));
        });
      }
    }
  });
}

/** An entry without what depends on where and when an index was made. */
function comparable({ created, urls, ...rest }) {
  return rest;
}
