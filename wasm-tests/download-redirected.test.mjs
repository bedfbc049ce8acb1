// Packages from a registry that redirects to presigned URLs: the redirect is the answer, and its signature is verified.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { start } from "./harness.mjs";
import { basic, fetchUrl } from "./http.mjs";
import { chart, push } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { PASSWORD, USER, redirecting } from "./registries.mjs";
import { Scope } from "./scope.mjs";

const scope = new Scope();
const signed = chart("signed", "1.0.0", { ballast: 200_000, provenance: true });
/** The registry wants a password, and so does the Worker: neither may reach the target of a redirect. */
const settings = {
  REGISTRY_USERNAME: USER,
  REGISTRY_PASSWORD: PASSWORD,
  BASIC_AUTH_USER: "helm",
  BASIC_AUTH_PASS: "another secret",
};
const headers = { authorization: basic("helm", "another secret") };
let registry;
let upstream;
let worker;

before(async () => {
  registry = await redirecting(scope, { htpasswd: true });
  await push(registry, "charts/signed", signed);
  upstream = await Proxy.before(scope, registry.host);
  worker = await start(scope, { ...settings, REGISTRY: `http://${upstream.host}/charts` });
  await worker.index("/index.yaml", { headers });
});
after(() => scope.end());

test("the sync reads blobs at the redirect's target without credentials", () => {
  const reads = registry.blobs.requests.filter(({ path }) => path.includes("X-Amz-Signature"));
  assert.ok(reads.length > 0, "the config blob was read by a presigned URL");
  for (const { headers: sent, status } of reads) {
    assert.equal(sent.authorization, undefined);
    assert.equal(status, 200);
  }
});

test("the Location is the registry's, byte for byte, and nobody keeps it", async () => {
  // The first call of an isolate learns how to log in.
  await worker.send(`/${signed.link}`, { headers });
  for (const [path, digest] of [
    [`/${signed.link}`, signed.digest],
    [`/charts/${signed.file}`, signed.digest],
    [`/${signed.link}.prov`, undefined],
  ]) {
    upstream.take();
    registry.blobs.take();
    const answer = await worker.send(path, { headers });
    assert.equal(answer.status, 302, path);
    assert.equal(answer.body.length, 0);
    assert.equal(answer.headers["cache-control"], "private, no-store");
    const [call, ...more] = upstream.take();
    assert.deepEqual(more, []);
    assert.equal(call.method, "GET");
    if (digest) assert.equal(call.path, `/v2/charts/signed/blobs/sha256:${digest}`);
    assert.equal(call.status, 307);
    assert.equal(answer.headers.location, call.answer.location);
    // Nothing of the target was fetched by the Worker.
    assert.deepEqual(registry.blobs.take().filter(({ path: at }) => at.includes("X-Amz-Signature")), []);
  }
});

test("what is odd in a Location stays as it is", async () => {
  const odd = `http://${registry.blobs.host}/a%2b+c|d/%7E..%2F/*'!?X-Sig=%2f%2F+=&&b==#f`;
  assert.equal(await redirected(odd), odd);
  // Bytes that no URL may hold are escaped.
  assert.equal(await redirected(Buffer.from(`${odd}é`, "utf8").toString("latin1")), `${odd}%C3%A9`);
});

test("following it gives the bytes; a changed query is refused", async () => {
  const { headers: package_ } = await worker.send(`/${signed.link}`, { headers });
  const answer = await fetchUrl(package_.location);
  assert.equal(answer.status, 200);
  assert.ok(answer.body.equals(signed.package));

  const { headers: provenance } = await worker.send(`/${signed.link}.prov`, { headers });
  assert.ok((await fetchUrl(provenance.location)).body.equals(signed.provenance));

  const range = await fetchUrl(package_.location, { headers: { range: "bytes=5-9" } });
  assert.equal(range.status, 206);
  assert.ok(range.body.equals(signed.package.subarray(5, 10)));

  const flip = (digit) => (digit === "0" ? "1" : "0");
  for (const tampered of [
    package_.location.replace(/(X-Amz-Signature=)(.)/, (_, name, digit) => name + flip(digit)),
    package_.location.replace(/(X-Amz-Expires=)(\d+)/, "$186400"),
    package_.location.replace(signed.digest, (digest) => flip(digest[0]) + digest.slice(1)),
  ]) {
    assert.notEqual(tampered, package_.location);
    assert.equal((await fetchUrl(tampered)).status, 403, tampered);
  }
});

test("a client's Range stays out of the way of a redirect", async () => {
  const answer = await worker.send(`/${signed.link}`, { headers: { ...headers, range: "bytes=0-9" } });
  assert.equal(answer.status, 302);
});

test("HEAD and a matching If-None-Match give no signed URL away", async () => {
  upstream.take();
  const head = await worker.send(`/${signed.link}`, { method: "HEAD", headers });
  assert.equal(head.status, 200);
  assert.equal(head.headers.location, undefined);
  assert.equal(Number(head.headers["content-length"]), signed.package.length);
  const same = await worker.send(`/${signed.link}`, { headers: { ...headers, "if-none-match": head.headers.etag } });
  assert.equal(same.status, 304);
  assert.deepEqual(upstream.take(), []);
});

test("without credentials there is no redirect", async () => {
  upstream.take();
  const answer = await worker.send(`/${signed.link}`);
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.location, undefined);
  assert.deepEqual(upstream.take(), []);
});

test("DOWNLOAD=stream follows the redirect itself, without credentials", async () => {
  const here = new Scope();
  try {
    const streams = await start(here, { ...settings, REGISTRY: `http://${upstream.host}/charts`, DOWNLOAD: "stream" });
    await streams.index("/index.yaml", { headers });
    registry.blobs.take();
    const whole = await streams.send(`/${signed.link}`, { headers });
    assert.equal(whole.status, 200);
    assert.ok(whole.body.equals(signed.package));
    assert.equal(Number(whole.headers["content-length"]), signed.package.length);
    assert.equal(whole.headers["cache-control"], "private, max-age=3600, immutable, no-transform");
    const part = await streams.send(`/${signed.link}`, { headers: { ...headers, range: "bytes=5-9" } });
    assert.equal(part.status, 206);
    assert.ok(part.body.equals(signed.package.subarray(5, 10)));
    const reads = registry.blobs.take().filter(({ path }) => path.includes("X-Amz-Signature"));
    assert.equal(reads.length, 2);
    for (const read of reads) assert.equal(read.headers.authorization, undefined);
  } finally {
    await here.end();
  }
});

/** The Location that the Worker gives when the registry gives this one. */
async function redirected(location) {
  upstream.rule = ({ path }) => (path.includes("/blobs/") ? { status: 303, headers: { location } } : undefined);
  try {
    const answer = await worker.send(`/${signed.link}`, { headers });
    assert.equal(answer.status, 302);
    return answer.headers.location;
  } finally {
    upstream.rule = () => undefined;
  }
}
