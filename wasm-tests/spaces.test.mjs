// The API of spaces, charts and versions before real registries, asked by what its OpenAPI document says.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { AS_ADMIN, start } from "./harness.mjs";
import { send } from "./http.mjs";
import { SpacesApi } from "./openapi.mjs";
import { Proxy } from "./proxy.mjs";
import { chart, hex, json } from "./push.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { distribution, registry as registryProgram } from "./tools.mjs";
import { until } from "./wait.mjs";

const FRESH = { ...AS_ADMIN, "cache-control": "no-cache" };

const list = (total, ...items) => ({ metadata: { total, itemsLength: items.length }, items });
const package_ = (made) => ({ parts: { chartfile: made.package } });
const linkOf = (space, { name, version }) => ({ space, chart: name, version, link: `/api/v1/spaces/${space}/charts/${name}/versions/${version}` });

/** A chart with one in it, which has values of its own. */
function shop(version) {
  const files = {
    "values.yaml": "replicas: 1\nglobal: {zone: a}\ndb: {size: 1}\n",
    "templates/x.yaml": "x: {{ .Values._config.x }}\n",
    "charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 3.0.0\n",
    "charts/db/values.yaml": "size: 2\nkind: fast\n",
  };
  return chart("shop", version, { files });
}

for (const [version, program] of [["2.8, or what the machine has", registryProgram()], ["3", distribution()]]) {
  describe(`spaces in distribution ${version}`, { concurrency: false }, () => spaces(program));
}

function spaces(program) {
  const scope = new Scope();
  let registry;
  let worker;
  let api;

  before(async () => {
    registry = await streaming(scope, { program });
    worker = await start(scope, { REGISTRY: `http://${registry.host}/charts`, UPLOAD_LIMIT: String(1 << 20) });
    await worker.send("/", { headers: AS_ADMIN });
    api = await SpacesApi.of(worker);
  });
  after(() => scope.end());

  const is = async (line, status, expected, sent) => {
    const answer = await api.send(line, sent);
    assert.equal(answer.status, status, `${line}: ${answer.text}`);
    if (expected !== undefined) assert.deepEqual(answer.json, expected, line);
    return answer;
  };
  const refused = async (line, status, message, sent) => {
    const reason = { 400: "ReasonRequest", 423: "ResourceLocking" }[status] ?? "ReasonInternal";
    await is(line, status, { message, reason }, sent);
  };
  /** The tags of a repository in the registry itself. */
  const tags = async (name) => (await send(registry.host, `/v2/charts/${name}/tags/list`)).json?.tags?.sort() ?? [];
  /** What Helm reads of a space, by name and version, past caches. */
  const index = async (space) => {
    const answer = await worker.send(`/${space}/index.yaml`, { headers: FRESH });
    assert.equal(answer.status, 200, answer.text);
    return Object.values(answer.json.entries).flat().map(({ name, version, digest }) => `${name} ${version} ${digest}`).sort();
  };

  test("its document is one of OpenAPI 3.1", async () => {
    assert.equal(await api.validity(), true);
    // Every route of the table in docs/spaces-api.md.
    assert.equal(api.operations.length, 18, api.operations.join("\n"));
  });

  test("spaces are created, empty ones too, listed and deleted", async () => {
    await is("GET /spaces", 200, list(0));
    const link = (name) => ({ name, link: `/api/v1/spaces/${name}` });
    await is("POST /spaces?space=empty", 201, link("empty"));
    await refused("POST /spaces?space=empty", 409, "there is such a space");
    const encoded = { body: "space=encoded", headers: { "content-type": "application/x-www-form-urlencoded" } };
    await is("POST /spaces?space=other", 201, link("encoded"), encoded);
    await is("POST /spaces", 201, link("in/a/form"), { parts: { space: "in/a/form" } });
    await is("POST /spaces?space=No%20Space", 400);
    await is("GET /spaces", 200, list(3, "empty", "encoded", "in/a/form"));
    await is("GET /spaces?start=1&limit=1", 200, list(3, "encoded"));
    await is("GET /spaces?start=one", 400);
    assert.deepEqual(await index("empty"), []);
    await is("GET /spaces/empty/charts", 200, list(0));
    await is("GET /spaces/empty/metadata/latest", 200, list(0));
    for (const name of ["empty", "encoded", "in/a/form"]) {
      await is(`DELETE /spaces/${name}`, 204);
      await refused(`DELETE /spaces/${name}`, 404, "there are no charts below this path");
    }
    await is("GET /spaces/empty/charts", 404);
  });

  test("packages are stored, listed, read, replaced and deleted", async () => {
    const made = ["1.10.0", "1.9.0", "2.0.0-rc.1", "1.9.0+b.1"].map((version) => chart("web", version));
    for (const one of made) await is("POST /spaces/team/charts", 201, linkOf("team", one), package_(one));
    const api1 = chart("api", "0.1.0");
    await is("POST /spaces/team/charts", 201, linkOf("team", api1), package_(api1));
    assert.deepEqual(await tags("team/web"), ["1.10.0", "1.9.0", "1.9.0_b.1", "2.0.0-rc.1"]);
    const [newest, old] = made;
    await refused("POST /spaces/team/charts", 409, "file already exists", package_(old));
    await refused("POST /spaces/team/charts", 409, "file already exists", package_(chart("web", "1.9.0", { ballast: 9 })));
    await is("GET /spaces/team/charts", 200, list(2, "api", "web"));
    await is("GET /spaces/team/charts/web/versions", 200, list(4, "1.9.0", "1.9.0+b.1", "1.10.0", "2.0.0-rc.1"));
    await is("GET /spaces/team/charts/web/versions?start=2&limit=1", 200, list(4, "1.10.0"));
    await is("GET /spaces/team/charts/none/versions", 404);
    await is("GET /spaces/team/metadata?limit=2", 200, list(5, api1.config, old.config));
    await is("GET /spaces/team/metadata/latest", 200, list(2, api1.config, newest.config));
    await is("GET /spaces/team/charts/web/metadata?start=3", 200, list(4, made[2].config));
    await is("GET /spaces/team/charts/web/metadata/latest", 200, newest.config);
    assert.equal(hex((await is("GET /spaces/team/charts/web/versions/1.9.0", 200)).body), old.digest);
    await is("GET /spaces/team/charts/web/versions/9.9.9", 404);

    const other = chart("web", "1.9.0", { ballast: 100 });
    await is("PUT /spaces/team/charts/web/versions/1.9.0", 200, linkOf("team", other), package_(other));
    assert.equal(hex((await is("GET /spaces/team/charts/web/versions/1.9.0", 200)).body), other.digest);
    await is("PUT /spaces/team/charts/web/versions/1.10.0", 400, undefined, package_(other));
    await is("PUT /spaces/team/charts/web/versions/3.0.0", 404, undefined, package_(chart("web", "3.0.0")));
    const expected = [api1, newest, other, made[2], made[3]].map((one) => `${one.name} ${one.version} ${one.digest}`).sort();
    assert.deepEqual(await index("team"), expected);

    await is("DELETE /spaces/team/charts/web/versions/1.9.0", 204);
    await is("DELETE /spaces/team/charts/web/versions/1.9.0", 404);
    assert.deepEqual(await tags("team/web"), ["1.10.0", "1.9.0_b.1", "2.0.0-rc.1"]);
    await is("DELETE /spaces/team/charts/web", 204);
    await is("DELETE /spaces/team/charts/web", 404);
    assert.deepEqual(await tags("team/web"), []);
    await is("GET /spaces/team/charts", 200, list(1, "api"));
    await is("DELETE /spaces/team", 204);
    assert.deepEqual(await tags("team/api"), []);
    await is("GET /spaces/team/charts", 404);
  });

  test("what is in a package is read and replaced", async () => {
    const made = shop("1.0.0");
    await is("POST /spaces/inside/charts", 201, undefined, package_(made));
    const at = "/spaces/inside/charts/shop/versions/1.0.0/manifests";
    const tree = (own) => ({ ...own, dependencies: [{ apiVersion: "v2", name: "db", version: "3.0.0" }] });
    await is(`GET ${at}/metadata`, 200, tree(made.config));
    const db = { size: 1, kind: "fast", global: { zone: "a" } };
    await is(`GET ${at}/values`, 200, { replicas: 1, global: { zone: "a" }, db });

    const described = { apiVersion: "v2", name: "shop", version: "1.0.0", description: "Another" };
    await is(`PUT ${at}/metadata`, 200, tree(described), { json: described });
    await is(`GET ${at}/metadata`, 200, tree(described));
    await is("GET /spaces/inside/charts/shop/metadata/latest", 200, described);
    await is(`PUT ${at}/metadata`, 400, undefined, { json: { ...described, version: "1.0.1" } });
    await is(`PUT ${at}/metadata`, 400, undefined, { json: [] });
    const values = await is(`PUT ${at}/values`, 200, undefined, { json: { replicas: 5 } });
    assert.deepEqual(values.json, { replicas: 5 });
    await is(`GET ${at}/values`, 200, { replicas: 5, db: { size: 2, kind: "fast", global: {} } });
    await is(`PUT ${at}/values`, 400, undefined, { json: [1] });
    const yaml = await is(`PUT ${at}/values`, 200, undefined, { body: "replicas: 7\n", headers: { "content-type": "application/yaml" } });
    assert.equal(yaml.text, "replicas: 7\n");
    await is(`GET ${at}/metadata`, 200, tree(described));
    // Equal values again make equal bytes, and nothing is pushed.
    const before = await index("inside");
    await is(`PUT ${at}/values`, 200, undefined, { body: "replicas: 7\n" });
    assert.deepEqual(await index("inside"), before);
    await is("PUT /spaces/inside/charts/shop/versions/9.0.0/manifests/values", 404, undefined, { json: {} });
    await is("DELETE /spaces/inside", 204);
  });

  test("charts are composed of others, to the same bytes each time", async () => {
    await is("POST /spaces/base/charts", 201, undefined, package_(shop("1.0.0")));
    await is("POST /spaces/base/charts", 201, undefined, package_(chart("lone", "1.0.0")));
    await is("POST /spaces?space=made", 201);
    const of = (name, independent) => ({ independent, space: "base", chart: name, version: "1.0.0" });
    const configs = {
      package: of("shop", true),
      _config: { x: 1 },
      one: { package: of("db", false), _config: { y: [2] } },
      two: { package: of("db", false) },
      lone: { package: of("lone", true), again: { package: of("lone", true), _config: "text" } },
    };
    const wanted = { json: { save: { chart: "composed", version: "1.0.0-rc.1+b.2", description: "Composed" }, configs } };
    const version = { name: "composed", version: "1.0.0-rc.1+b.2" };
    const digests = [];
    for (let time = 0; time < 2; time += 1) {
      await is("POST /spaces/made/charts", 201, linkOf("made", version), wanted);
      await refused("POST /spaces/made/charts", 409, "file already exists", wanted);
      const at = `/spaces/made/charts/composed/versions/${version.version}`;
      const package_ = await is(`GET ${at}`, 200);
      digests.push(hex(package_.body));
      const { json: metadata } = await is(`GET ${at}/manifests/metadata`, 200);
      assert.deepEqual(metadata.dependencies.map(({ name }) => name), ["lone", "one", "two"]);
      const { json: values } = await is(`GET ${at}/manifests/values`, 200);
      assert.deepEqual([values._config, values.one._config, values.lone.again._config], [{ x: 1 }, { y: [2] }, "text"]);
      await is("DELETE /spaces/made/charts/composed", 204);
    }
    assert.equal(digests[0], digests[1]);
    await is("POST /spaces/nowhere/charts", 404, undefined, wanted);
    const missing = { json: { ...wanted.json, configs: { package: of("none", true) } } };
    await is("POST /spaces/made/charts", 404, undefined, missing);
    await is("POST /spaces/made/charts", 400, undefined, { json: { save: wanted.json.save } });
  });

  test("what is wrong is told in the words of the document, and nothing is sent", async () => {
    const before = await send(registry.host, "/v2/_catalog");
    const two = chart("two", "1.0.0").package;
    for (const [sent, status] of [
      [{ body: "{" }, 400],
      [{ json: 1 }, 400],
      [{ parts: { chart: two } }, 400],
      [{ parts: { chartfile: "no gzip" } }, 400],
      [{ parts: { chartfile: chart("Upper", "1.0.0").package } }, 400],
      [{ parts: { chartfile: chart("a", "one").package } }, 400],
      [{ parts: { chartfile: chart("a", "1.0.0", { ballast: 1 << 20 }).package } }, 413],
      [{ body: json({ save: {} }), headers: { authorization: "Bearer wrong" } }, 401],
    ]) {
      await is("POST /spaces/bad/charts", status, undefined, sent);
    }
    await is("DELETE /spaces/Bad", 404);
    await is("GET /spaces/Bad/charts", 400);
    assert.equal((await send(registry.host, "/v2/_catalog")).text, before.text);
  });

  test("every operation of the document was asked, and each write left a line of the audit", async () => {
    assert.deepEqual(api.unasked, []);
    const audited = () => {
      const lines = worker.logs.filter(({ message }) => message.includes('"event":"audit"')).map(({ message }) => JSON.parse(message));
      return lines.map(({ method, path, status }) => `${method} ${path} ${status}`);
    };
    // What no route is, as its names cannot be, is answered before anybody is asked for.
    const writes = api.writes.filter((line) => !line.includes("/Bad "));
    await until("all lines are there", () => audited().length >= writes.length).catch(() => {});
    assert.deepEqual(audited().sort(), writes.sort());
  });

  test("READ_ONLY closes all that writes, before anything is sent", async () => {
    const upstream = await Proxy.before(scope, registry.host);
    const closed = await start(scope, { REGISTRY: `http://${upstream.host}/charts`, READ_ONLY: "true" });
    await until("its first pass is over", async () => (await closed.send("/api/v1/spaces", { headers: AS_ADMIN })).status === 200);
    const shut = new SpacesApi(closed, api.document);
    const made = chart("web", "1.0.0");
    upstream.take();
    for (const operation of api.operations.filter((one) => !one.startsWith("GET "))) {
      const line = operation.replace("{space}", "team").replace("{chart}", "web").replace("{version}", "1.0.0");
      const answer = await shut.send(line, package_(made));
      assert.equal(`${answer.status} ${answer.json.message}`, "403 closed: READ_ONLY is set", line);
    }
    for (const [method, path] of [["POST", "charts"], ["POST", "prov"], ["DELETE", "charts/web/1.0.0"]]) {
      const answer = await closed.send(`/api/${path}`, { method, headers: AS_ADMIN, body: made.package });
      assert.equal(`${answer.status} ${answer.text}`, '403 {"error":"closed: READ_ONLY is set"}', path);
    }
    assert.deepEqual(upstream.take().filter(({ method }) => !["GET", "HEAD"].includes(method)), []);
  });
}
