// What people do with a chart repository, with the newest Helm 3 and the newest Helm 4, against a registry that streams
// and one that redirects.

import assert from "node:assert/strict";
import { cpSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { start } from "../wasm-tests/harness.mjs";
import { redirecting, streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { ROOT } from "../wasm-tests/tools.mjs";
import { Helm, SIGNER, digestOf, key, pushSamples } from "./helm.mjs";

/** The address that the parent chart has until its user puts their own. */
const PLACEHOLDER = "https://charts.acme.example";

/** Newest first, as in an index. */
const EVERYTHING = ["acme/hello 0.2.0+build.7", "acme/hello 0.1.0", "acme/labels 1.0.0", "acme/web 1.4.2"];

// The one pushes, all of them pull.
for (const [kind, make, pusher] of [["streaming", streaming, 3], ["redirecting", redirecting, 4]]) {
  describe(`a ${kind} registry, to which Helm ${pusher} pushed`, () => {
    const scope = new Scope();
    let registry;
    let worker;
    let pushed;
    let keys;

    before(async () => {
      registry = await make(scope);
      keys = await key(scope);
      pushed = await pushSamples(new Helm(scope, pusher), registry, "acme/charts", { keys, signed: ["web"] });
      worker = await start(scope, { REGISTRY: `http://${registry.host}/acme/charts` });
      await worker.index();
    });
    after(() => scope.end());

    for (const major of [3, 4]) {
      describe(`Helm ${major}`, () => {
        let helm;
        before(async () => {
          helm = new Helm(scope, major);
          await helm.run("repo", "add", "acme", `http://${worker.host}`);
        });

        test("repo add, repo update and search repo find every version", async () => {
          assert.match(await helm.run("repo", "update"), /Successfully got an update from the "acme" chart repository/);
          assert.deepEqual((await helm.search("acme/")).sort(), [...EVERYTHING].sort());
          const hello = await helm.search("acme/hello");
          assert.deepEqual(hello, EVERYTHING.slice(0, 2), "newest first");
        });

        test("a space is a repository of its own", async () => {
          await helm.run("repo", "add", "team-a", `http://${worker.host}/team-a`);
          assert.deepEqual(await helm.search("team-a/"), ["team-a/web 1.4.2"]);
          const { file, digest } = pushed.find(({ name }) => name === "web");
          assert.equal(digestOf(await helm.pull("team-a/web", "1.4.2")), digest, file);
        });

        test("every version is pulled as it was pushed", async () => {
          for (const { name, version, digest } of pushed) {
            assert.equal(digestOf(await helm.pull(`acme/${name}`, version)), digest, `${name} ${version}`);
          }
          // Without a version: the newest that is no prerelease.
          await helm.run("pull", "acme/hello", "--destination", helm.home);
          const { digest } = pushed.find(({ version }) => version === "0.2.0+build.7");
          assert.equal(digestOf(join(helm.home, "hello-0.2.0+build.7.tgz")), digest);
        });

        test("a signed chart is verified; one without a signature is refused", async () => {
          const verify = ["--verify", "--keyring", keys.public];
          const file = await helm.pull("acme/web", "1.4.2", ...verify);
          assert.match(readFileSync(`${file}.prov`, "utf8"), /^-----BEGIN PGP SIGNED MESSAGE-----/);
          assert.match(await helm.run("verify", file, "--keyring", keys.public), new RegExp(`Signed by: ?${SIGNER}`));
          assert.match(await helm.fails("pull", "acme/hello", "--version", "0.1.0", ...verify), /failed to fetch provenance/);
          assert.equal((await worker.send("/charts/hello-0.1.0.tgz.prov")).status, 404);
        });

        test("show and template read the package", async () => {
          assert.match(await helm.run("show", "chart", "acme/hello", "--version", "0.1.0"), /^appVersion: "1.27"$/m);
          assert.match(await helm.run("show", "values", "acme/web"), /^replicas: 2$/m);
          assert.match(await helm.run("template", "it", "acme/web"), /image: web\.example\/web:1\.10$/m);
          assert.match(await helm.run("template", "it", "acme/hello"), /greeting: "Hello, world"/);
        });

        test("an unknown version and an unknown chart are said to be missing", async () => {
          assert.match(await helm.fails("pull", "acme/hello", "--version", "9.9.9"), /9\.9\.9/);
          assert.match(await helm.fails("pull", `http://${worker.host}/charts/hello-9.9.9.tgz`), /404/);
        });

        test("a parent chart gets its dependencies, and gets them again from its lock", async () => {
          const shop = join(scope.folder(), "shop");
          cpSync(join(ROOT, "examples", "shop"), shop, { recursive: true });
          const file = join(shop, "Chart.yaml");
          const text = readFileSync(file, "utf8");
          assert.ok(text.includes(PLACEHOLDER));
          writeFileSync(file, text.replaceAll(PLACEHOLDER, `http://${worker.host}`));
          for (const how of ["update", "build"]) {
            await helm.run("dependency", how, shop);
            const got = readdirSync(join(shop, "charts")).sort();
            assert.deepEqual(got, ["hello-0.1.0.tgz", "labels-1.0.0.tgz"], how);
            for (const name of got) {
              const { digest } = pushed.find(({ file }) => file.endsWith(name));
              assert.equal(digestOf(join(shop, "charts", name)), digest, `${how}: ${name}`);
            }
          }
          const made = await helm.run("template", "it", shop);
          assert.match(made, /greeting: "Welcome to the shop"/);
          assert.match(made, /app\.kubernetes\.io\/name: shop/);
        });
      });
    }
  });
}
