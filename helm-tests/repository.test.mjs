// Charts that real Helm pushed are read by real Helm through the Worker, from a registry that sends packages itself and
// from one that redirects to signed URLs.

import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { start } from "../wasm-tests/harness.mjs";
import { hex } from "../wasm-tests/push.mjs";
import { redirecting, streaming } from "../wasm-tests/registries.mjs";
import { Scope } from "../wasm-tests/scope.mjs";
import { EXAMPLES, pack, packAll, push } from "./charts.mjs";
import { HELMS, Helm } from "./helm.mjs";
import { makeKey } from "./keys.mjs";

const PREFIX = "acme/charts";

for (const kind of HELMS) {
  for (const registryOf of [streaming, redirecting]) {
    describe(`${kind.name}, ${registryOf.name} registry`, () => repository(kind, registryOf));
  }
}

function repository(kind, registryOf) {
  const scope = new Scope();
  let helm;
  let key;
  let registry;
  let packages;
  let worker;
  let url;

  before(async () => {
    helm = new Helm(scope, kind);
    key = await makeKey(scope);
    [registry, packages] = await Promise.all([registryOf(scope), packAll(helm, key)]);
    for (const made of packages) await push(helm, `${registry.push}/${PREFIX}`, made);
    worker = await start(scope, { REGISTRY: `http://${registry.host}/${PREFIX}` });
    url = `http://${worker.host}`;
    // The first request of all: it waits for the first pass.
    await helm.run("repo", "add", "acme", url);
    await helm.run("repo", "add", "team-a", `${url}/team-a/`);
  });
  after(() => scope.end());

  /** Pulls into a folder of its own; gives names of files there. */
  async function pull(...parameters) {
    const folder = mkdtempSync(join(helm.home, "pulled-"));
    await helm.run("pull", "--destination", folder, ...parameters);
    return { folder, files: readdirSync(folder).sort() };
  }

  const named = (name, version) => packages.find((made) => made.name === name && made.version === version);

  test("repo update reads the index", async () => {
    const { out, err } = await helm.run("repo", "update");
    assert.match(out, /Successfully got an update from the "acme" chart repository/);
    assert.match(out, /Successfully got an update from the "team-a" chart repository/);
    assert.equal(err, "");
  });

  test("search repo lists what was pushed", async () => {
    const { json: newest, err } = await helm.run("search", "repo", "acme/", "-o", "json");
    assert.equal(err, "");
    assert.deepEqual(newest, [
      { name: "acme/hello", version: "0.2.0+build.7", app_version: "1.28", description: "A web server that says hello, by name." },
      { name: "acme/labels", version: "1.0.0", app_version: "", description: "Labels that other charts put on what they make." },
      {
        name: "acme/web",
        version: "1.4.2",
        app_version: "1.10",
        description: 'A team\'s own web server: with colons, "quotes" and Ünïcödé — as people write.',
      },
    ]);
    const { json: all } = await helm.run("search", "repo", "acme/hello", "--versions", "-o", "json");
    assert.deepEqual(all.map(({ version }) => version), ["0.2.0+build.7", "0.1.0"]);
    const { json: found } = await helm.run("search", "repo", "by name", "-o", "json");
    assert.deepEqual(found.map(({ name }) => name), ["acme/hello"]);
  });

  test("pull gives every version as it was pushed, byte for byte", async () => {
    assert.equal(packages.length, 4);
    for (const made of packages) {
      for (const source of [[`acme/${made.name}`], [made.name, "--repo", url]]) {
        const { folder, files } = await pull(...source, "--version", made.version);
        assert.deepEqual(files, [made.file]);
        assert.equal(hex(readFileSync(join(folder, made.file))), made.digest);
      }
    }
  });

  test("pull without a version gives the newest", async () => {
    const { files } = await pull("acme/hello");
    assert.deepEqual(files, ["hello-0.2.0+build.7.tgz"]);
  });

  test("pull --verify believes the signature", async () => {
    for (const version of ["0.1.0", "0.2.0+build.7"]) {
      const made = named("hello", version);
      const { folder, files } = await pull("acme/hello", "--version", version, "--verify", "--keyring", key.public);
      assert.deepEqual(files, [made.file, `${made.file}.prov`]);
      assert.deepEqual(readFileSync(join(folder, `${made.file}.prov`)), readFileSync(`${made.path}.prov`));
    }
  });

  test("pull --verify refuses a chart without a signature, and one by another key", async () => {
    const unsigned = await helm.fails("pull", "acme/labels", "--verify", "--keyring", key.public);
    assert.match(unsigned.err, /labels-1\.0\.0\.tgz\.prov/);
    const stranger = await makeKey(scope);
    const other = await helm.fails("pull", "acme/hello", "--verify", "--keyring", stranger.public);
    assert.match(other.err, /openpgp: signature made by unknown entity/);
  });

  test("show tells what a chart is", async () => {
    const { out: chart } = await helm.run("show", "chart", "acme/hello");
    for (const line of ["name: hello", "version: 0.2.0+build.7", "kubeVersion: '>=1.20.0-0'", "- email: ada@hello.example"]) {
      assert.ok(chart.includes(line), `${line}\nis not in\n${chart}`);
    }
    const { out: values } = await helm.run("show", "values", "acme/hello", "--version", "0.1.0");
    assert.equal(values.trim(), readFileSync(join(EXAMPLES, "charts/hello/0.1.0/values.yaml"), "utf8").trim());
  });

  test("template renders", async () => {
    const { out: newest } = await helm.run("template", "hi", "acme/hello", "--set", "name=Portolan");
    assert.match(newest, /greeting: "Hello, Portolan"/);
    const { out: older } = await helm.run("template", "hi", "hello", "--repo", url, "--version", "~0.1.0");
    assert.match(older, /greeting: "?Hello"?$/m);
    // Text, not the number 1.1.
    const { out: web } = await helm.run("template", "hi", "acme/web");
    assert.match(web, /image: web\.example\/web:1\.10$/m);
    const { out: verified } = await helm.run("template", "hi", "acme/hello", "--verify", "--keyring", key.public);
    assert.match(verified, /greeting: "Hello, world"/);
  });

  test("a space is a repository of its own", async () => {
    const { json: found } = await helm.run("search", "repo", "team-a/", "--versions", "-o", "json");
    assert.deepEqual(found.map(({ name, version }) => [name, version]), [["team-a/web", "1.4.2"]]);
    const { folder, files } = await pull("team-a/web");
    const made = named("web", "1.4.2");
    assert.deepEqual(files, [made.file]);
    assert.equal(hex(readFileSync(join(folder, made.file))), made.digest);
    const { out } = await helm.run("template", "hi", "team-a/web", "--set", "replicas=5");
    assert.match(out, /replicas: 5/);
    // Helm 3 asks a cluster even then.
    if (kind.name === "Helm 4") {
      const { out: installed } = await helm.run("install", "hi", "team-a/web", "--dry-run=client");
      assert.match(installed, /STATUS: pending-install/);
    }
    const missing = await helm.fails("pull", "team-a/hello");
    assert.match(missing.err, /chart "hello" .*not found/);
  });

  test("a space, a chart and a version that are not there give an error", async () => {
    assert.match((await helm.fails("repo", "add", "none", `${url}/team-b`)).err, /failed to fetch .*: 404 Not Found/);
    assert.match((await helm.fails("pull", "acme/none")).err, /chart "none" .*not found/);
    assert.match((await helm.fails("pull", "acme/hello", "--version", "9.9.9")).err, /chart "hello" .*9\.9\.9.* not found/);
    assert.match((await helm.fails("pull", `${url}/charts/hello-9.9.9.tgz`)).err, /404 Not Found/);
  });

  test(`packages come from ${registryOf === redirecting ? "the signed URL" : "the Worker"}`, async () => {
    const made = named("hello", "0.1.0");
    const { status } = await worker.send(`/charts/${made.file}`);
    assert.equal(status, registryOf === redirecting ? 302 : 200);
    registry.blobs?.take();
    // Another one, because Helm 4 keeps what it has.
    const other = new Helm(scope, kind);
    await other.run("pull", "hello", "--repo", url, "--version", "0.1.0", "--prov");
    assert.equal(hex(readFileSync(join(other.home, made.file))), made.digest);
    if (registryOf === streaming) return;
    const seen = registry.blobs.take().filter(({ headers }) => headers["user-agent"]?.startsWith("Helm/"));
    assert.deepEqual(seen.map(({ status }) => status), [200, 200]);
    assert.ok(seen[0].path.includes(`/${made.digest}/data?X-Amz-Algorithm=`), seen[0].path);
    assert.ok(seen[1].path.includes(`/${hex(readFileSync(`${made.path}.prov`))}/data?X-Amz-Algorithm=`), seen[1].path);
  });

  test("the index in block YAML does as well", async () => {
    const yaml = await start(scope, { REGISTRY: `http://${registry.host}/${PREFIX}`, INDEX_FORMAT: "yaml" });
    assert.match((await yaml.index()).text, /^"?apiVersion"?: "v1"\n/);
    await helm.run("repo", "add", "yaml", `http://${yaml.host}`);
    const { json: found, err } = await helm.run("search", "repo", "yaml/", "--versions", "-o", "json");
    assert.equal(err, "");
    const { json: others } = await helm.run("search", "repo", "acme/", "--versions", "-o", "json");
    assert.deepEqual(found, others.map((chart) => ({ ...chart, name: chart.name.replace("acme/", "yaml/") })));
    const { folder, files } = await pull("yaml/hello", "--version", "0.1.0");
    assert.equal(hex(readFileSync(join(folder, files[0]))), named("hello", "0.1.0").digest);
    await helm.run("repo", "remove", "yaml");
    await yaml.end();
  });

  for (const [how, repositoryOf] of [
    ["URL", () => url],
    ["alias", () => '"@acme"'],
    ["alias:", () => '"alias:acme"'],
  ]) {
    test(`dependency update and build fetch what a chart depends on, by ${how}`, async () => {
      const shop = copyOfShop(repositoryOf());
      await helm.run("dependency", "update", shop);
      const dependencies = [named("hello", "0.1.0"), named("labels", "1.0.0")];
      const fetched = () => {
        for (const made of dependencies) assert.equal(hex(readFileSync(join(shop, "charts", made.file))), made.digest);
        assert.deepEqual(readdirSync(join(shop, "charts")).sort(), dependencies.map(({ file }) => file));
      };
      fetched();
      const lock = readFileSync(join(shop, "Chart.lock"), "utf8");
      assert.match(lock, /name: hello\n.*\n {2}version: 0\.1\.0\n/);
      // Again from the lock alone, as CI does.
      rmSync(join(shop, "charts"), { recursive: true });
      await helm.run("dependency", "build", shop);
      fetched();
      assert.equal(readFileSync(join(shop, "Chart.lock"), "utf8"), lock);
      const { out } = await helm.run("template", "hi", shop);
      assert.match(out, /greeting: "?Welcome to the shop"?$/m);
      assert.match(out, /app\.kubernetes\.io\/name: shop/);
    });
  }

  // Last: it changes what the others see.
  test("a version that was pushed and one that was overwritten arrive with a refresh", async () => {
    const before = named("web", "1.4.2");
    const changed = join(mkdtempSync(join(helm.home, "web-")), "1.4.2");
    cpSync(join(EXAMPLES, "charts/team-a/web/1.4.2"), changed, { recursive: true });
    writeFileSync(join(changed, "values.yaml"), "replicas: 7\n");
    const place = `${registry.push}/${PREFIX}`;
    const newer = await pack(helm, changed, { space: "team-a", version: "2.0.0-rc.1" });
    const again = await pack(helm, changed, { space: "team-a" });
    assert.notEqual(again.digest, before.digest);
    await push(helm, place, newer);
    await push(helm, place, again);

    await worker.refresh("/team-a");
    await helm.run("repo", "update");
    const { json: found } = await helm.run("search", "repo", "acme/web", "--versions", "--devel", "-o", "json");
    assert.deepEqual(found.map(({ version }) => version), ["2.0.0-rc.1", "1.4.2"]);
    for (const made of [newer, again]) {
      const { folder } = await pull("acme/web", "--version", made.version);
      assert.equal(hex(readFileSync(join(folder, made.file))), made.digest);
    }
    // Who still has the index of before gets what it says.
    const kept = await worker.send(`/charts/${before.digest.slice(0, 16)}/${before.file}`);
    if (kept.status === 200) assert.equal(hex(kept.body), before.digest);
    else assert.deepEqual([kept.status, kept.headers.location.includes(before.digest)], [302, true]);
  });

  /** `examples/shop` with its dependencies from `repository`. */
  function copyOfShop(repository) {
    const shop = join(mkdtempSync(join(helm.home, "shop-")), "shop");
    cpSync(join(EXAMPLES, "shop"), shop, { recursive: true });
    const file = join(shop, "Chart.yaml");
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.replaceAll("https://charts.acme.example", repository));
    assert.ok(!existsSync(join(shop, "charts")));
    return shop;
  }
}
