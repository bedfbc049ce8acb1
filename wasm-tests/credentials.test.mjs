// Registries, token servers and APIs that try to have credentials sent elsewhere. Whatever leaves the Worker is recorded, in the
// runtime that will send it: no secret arrives anywhere but where it belongs.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Answer, start } from "./harness.mjs";
import { basic } from "./http.mjs";
import { chart, descriptor, hex, json } from "./push.mjs";
import { Scope } from "./scope.mjs";
import { until } from "./wait.mjs";

const USER = "robot";
const PASSWORD = "hunter2-of-the-registry";
const TUNNEL = "secret-of-the-tunnel";
/** To where some of them redirect. */
const STORAGE = "storage.example";
/** What shows any of them, as it is sent. */
const SECRETS = [PASSWORD, TUNNEL, basic(USER, PASSWORD).split(" ")[1], "token-of-the-registry"];

const made = chart("nginx", "1.0.0");
const CONFIG = json(made.config);
const MANIFEST = json({
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  config: descriptor("application/vnd.cncf.helm.config.v1+json", CONFIG),
  layers: [descriptor("application/vnd.cncf.helm.chart.content.v1.tar+gzip", made.package)],
});

const answer = (status, body = "", headers = {}) => new Answer(body, { status, headers });
const say = (body, headers) => answer(200, JSON.stringify(body), { "content-type": "application/json", ...headers });
const leads = (status, location) => answer(status, "", { location });
const asks = (challenge) => answer(401, '{"errors":[{"code":"UNAUTHORIZED"}]}', { "www-authenticate": challenge });

/** A registry with one chart, which lets in who shows the password. */
function registry({ pathname, search }, authorization) {
  if (authorization !== basic(USER, PASSWORD)) return asks('Basic realm="x"');
  if (pathname === "/v2/_catalog") return say({ repositories: ["charts/nginx"] });
  if (pathname.endsWith("/tags/list")) return search.includes("last") ? say({ tags: [] }) : say({ tags: ["1.0.0"] });
  if (pathname.includes("/manifests/")) {
    return answer(200, MANIFEST, { "content-type": "application/vnd.oci.image.manifest.v1+json" });
  }
  if (pathname.endsWith(hex(CONFIG))) return answer(200, CONFIG);
  return pathname.endsWith(made.digest) ? answer(200, made.package) : answer(404);
}

/** Storage, to which a registry redirects. */
function storage({ pathname }) {
  if (pathname.endsWith(hex(CONFIG))) return answer(200, CONFIG);
  return pathname.endsWith(made.digest) ? answer(200, made.package) : answer(200, MANIFEST);
}

/**
 * Each trap: the registry's host, what it answers, and whether its charts are served all the same.
 */
const TRAPS = {
  "a realm at a foreign host": {
    host: "foreign-realm.example",
    answers: () => asks('Bearer realm="https://evil.example/token",service="x",scope="registry:catalog:*"'),
  },
  "a realm at a sibling tenant": {
    host: "acme.azurecr.io",
    answers: () => asks('Bearer realm="https://evil.azurecr.io/oauth2/token",service="acme.azurecr.io"'),
  },
  "a realm in the clear": {
    host: "clear-realm.example",
    answers: () => asks('Bearer realm="http://clear-realm.example/token",service="x"'),
  },
  "a token server that redirects": {
    host: "token-redirect.example",
    answers: ({ pathname }) =>
      pathname === "/token" ? leads(307, "https://evil.example/token") : asks('Bearer realm="https://token-redirect.example/token",service="x"'),
  },
  "blobs and manifests elsewhere": {
    host: "location.example",
    answers: (url, authorization) =>
      authorization && /\/(blobs|manifests)\//.test(url.pathname) ? leads(307, `https://${STORAGE}${url.pathname}`) : registry(url, authorization),
    served: true,
  },
  "a next page at another host": {
    host: "link.example",
    answers: (url, authorization) => {
      const next = { link: '<https://evil.example/v2/charts/nginx/tags/list?last=1.0.0>; rel="next"' };
      return authorization && url.pathname.endsWith("/tags/list") ? say({ tags: ["1.0.0"] }, next) : registry(url, authorization);
    },
    served: true,
  },
  "a list that is redirected": {
    host: "list-redirect.example",
    answers: (url, authorization) =>
      authorization && url.pathname === "/v2/_catalog" ? leads(302, `https://${STORAGE}/catalog`) : registry(url, authorization),
  },
  "an API that lists and redirects": {
    host: "api-redirect.example",
    discovery: "harbor",
    answers: (url, authorization) =>
      url.pathname.startsWith("/api/") ? leads(302, "https://evil.example/api/v2.0/repositories") : registry(url, authorization),
  },
};

describe("credentials go nowhere else", () => {
  const scope = new Scope();
  /** Whatever left the Workers: the host, its headers and body as text. */
  const sent = [];
  let worker;

  async function outbound(request) {
    const url = new URL(request.url);
    const headers = Object.fromEntries(request.headers);
    sent.push({ url: request.url, host: url.hostname, text: JSON.stringify(headers) + request.url + (await request.text()) });
    const trap = Object.values(TRAPS).find(({ host }) => host === url.hostname);
    if (trap) return trap.answers(url, headers.authorization);
    return url.hostname === STORAGE ? storage(url) : say({ token: "token-of-the-registry", access_token: "token-of-the-registry" });
  }

  before(async () => {
    const source = ({ host, discovery }, place) => ({
      registry: `${host}/charts`,
      mount: `trap-${place}`,
      ...(discovery && { discovery }),
      username_secret: "THEIR_USER",
      password_secret: "THEIR_PASSWORD",
      headers_secret: "THEIR_REGISTRY_HEADERS",
    });
    const settings = {
      SOURCES: JSON.stringify(Object.values(TRAPS).map(source)),
      THEIR_USER: USER,
      THEIR_PASSWORD: PASSWORD,
      THEIR_REGISTRY_HEADERS: JSON.stringify({ "X-Tunnel": TUNNEL }),
      AUTH_ANONYMOUS_GET: "true",
    };
    worker = await start(scope, settings, { outbound });
    await worker.send("/");
  });
  after(() => scope.end());

  for (const [place, [name, { host, served = false }]] of Object.entries(TRAPS).entries()) {
    test(name, async () => {
      if (served) {
        const { json: index } = await worker.index(`/trap-${place}/index.yaml`);
        assert.deepEqual(Object.keys(index.entries), ["nginx"]);
        const file = await worker.send(`/trap-${place}/charts/${made.file}`);
        assert.ok([200, 302].includes(file.status), `${file.status}`);
      } else {
        const faultOf = async () => (await worker.info()).enumeration[place]?.fault;
        assert.match(await until(`the fault of ${host} is told`, faultOf), /denied|does not let|redirects|could not|unusable|is not asked/);
      }
      const own = sent.filter((call) => call.host === host);
      assert.notEqual(own.length, 0);
      for (const { url } of own) assert.match(url, /^https:/);
    });
  }

  test("nobody else was asked, and nobody else was shown a secret", () => {
    const hosts = Object.values(TRAPS).map(({ host }) => host);
    const others = sent.filter(({ host }) => !hosts.includes(host));
    // Where storage is what a registry redirects to, it was asked; and what was recorded would show what it was shown.
    assert.notEqual(others.length, 0);
    const shown = ({ text }) => SECRETS.some((secret) => text.includes(secret));
    assert.ok(sent.some(shown));
    for (const call of others) {
      assert.equal(call.host, STORAGE, `${call.url} was asked`);
      assert.ok(!shown(call), `${call.url} was shown a secret: ${call.text}`);
    }
  });
});
