// Packages from a registry that sends blobs itself: they stream through the Worker.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";

import { start } from "./harness.mjs";
import { leave } from "./http.mjs";
import { chart, push } from "./push.mjs";
import { Proxy } from "./proxy.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";

const scope = new Scope();
const signed = chart("signed", "1.0.0", { ballast: 1_000_000, provenance: true });
const plain = chart("plain", "0.1.0+build.7");
let upstream;
let worker;

before(async () => {
  const registry = await streaming(scope);
  await push(registry, "charts/team-a/signed", signed);
  await push(registry, "charts/plain", plain);
  upstream = await Proxy.before(scope, registry.host);
  worker = await start(scope, { REGISTRY: `http://${upstream.host}/charts` });
  await worker.published();
});
after(() => scope.end());

test("the bytes are those that were pushed, with their length and name", async () => {
  for (const path of [`/${signed.link}`, `/charts/${signed.file}`, `/team-a/${signed.link}`]) {
    const answer = await worker.send(path);
    assert.equal(answer.status, 200, path);
    assert.ok(answer.body.equals(signed.package));
    assert.equal(Number(answer.headers["content-length"]), signed.package.length);
    assert.equal(answer.headers["transfer-encoding"], undefined);
    assert.equal(answer.headers.etag, `"sha256:${signed.digest}"`);
    assert.equal(answer.headers["content-type"], "application/gzip");
    assert.equal(answer.headers["content-encoding"], undefined);
    assert.equal(answer.headers["accept-ranges"], "bytes");
  }
});

test("bytes that a link names may be kept, those of an alias must be asked for again", async () => {
  const named = await worker.send(`/${signed.link}`);
  assert.equal(named.headers["cache-control"], "public, max-age=3600, immutable, no-transform");
  const alias = await worker.send(`/charts/${signed.file}`);
  assert.equal(alias.headers["cache-control"], "public, no-cache, no-transform");
});

test("a plus in a version is found plain and encoded", async () => {
  for (const file of [plain.file, plain.file.replace("+", "%2B"), plain.file.replace("+", "%2b")]) {
    const answer = await worker.send(`/${plain.link.replace(plain.file, file)}`);
    assert.equal(answer.status, 200, file);
    assert.ok(answer.body.equals(plain.package));
  }
});

test("a part of the bytes", async () => {
  const size = signed.package.length;
  const part = await worker.send(`/${signed.link}`, { headers: { range: "bytes=1000-1999" } });
  assert.equal(part.status, 206);
  assert.ok(part.body.equals(signed.package.subarray(1000, 2000)));
  assert.equal(part.headers["content-range"], `bytes 1000-1999/${size}`);
  assert.equal(part.headers["content-length"], "1000");
  assert.equal(part.headers["cache-control"], "no-store");

  const rest = await worker.send(`/${signed.link}`, {
    headers: { range: `bytes=${size - 10}-`, "if-range": `"sha256:${signed.digest}"` },
  });
  assert.equal(rest.status, 206);
  assert.ok(rest.body.equals(signed.package.subarray(size - 10)));

  const stale = await worker.send(`/${signed.link}`, { headers: { range: "bytes=0-9", "if-range": '"another"' } });
  assert.equal(stale.status, 200);
  assert.equal(stale.body.length, size);

  const beyond = await worker.send(`/${signed.link}`, { headers: { range: `bytes=${size}-` } });
  assert.equal(beyond.status, 416);
  assert.equal(beyond.headers["content-range"], `bytes */${size}`);
});

test("the provenance file", async () => {
  for (const path of [`/${signed.link}.prov`, `/charts/${signed.file}.prov`]) {
    const answer = await worker.send(path);
    assert.equal(answer.status, 200, path);
    assert.ok(answer.body.equals(signed.provenance));
    assert.equal(Number(answer.headers["content-length"]), signed.provenance.length);
    assert.equal(answer.headers["cache-control"], "public, no-cache, no-transform");
  }
  upstream.take();
  const none = await worker.send(`/${plain.link}.prov`);
  assert.equal(none.status, 404);
  assert.deepEqual(none.json, { error: "there is no such file in this repository" });
  assert.deepEqual(upstream.take(), []);
});

test("HEAD and a matching If-None-Match never reach the registry", async () => {
  upstream.take();
  const cases = [
    [`/${signed.link}`, signed.package, `"sha256:${signed.digest}"`],
    [`/charts/${plain.file}`, plain.package, `"sha256:${plain.digest}"`],
  ];
  for (const [path, bytes, etag] of cases) {
    const head = await worker.send(path, { method: "HEAD" });
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
    assert.equal(Number(head.headers["content-length"]), bytes.length);
    assert.equal(head.headers.etag, etag);
    assert.equal(head.headers["accept-ranges"], "bytes");
    for (const method of ["GET", "HEAD"]) {
      const same = await worker.send(path, { method, headers: { "if-none-match": `W/${etag}` } });
      assert.equal(same.status, 304);
      assert.equal(same.body.length, 0);
      assert.equal(same.headers.etag, etag);
    }
  }
  assert.deepEqual(upstream.take(), []);
});

test("a package costs one call of the registry", async () => {
  upstream.take();
  await worker.send(`/${signed.link}`);
  const calls = upstream.take();
  assert.deepEqual(
    calls.map(({ method, path }) => `${method} ${path}`),
    [`GET /v2/charts/team-a/signed/blobs/sha256:${signed.digest}`],
  );
});

test("a client that leaves does no harm", async () => {
  assert.equal(await leave(worker.host, `/${signed.link}`), 200);
  const answer = await worker.send(`/${signed.link}`);
  assert.ok(answer.body.equals(signed.package));
});

test("a download that breaks off upstream breaks off here, and is never a whole answer", async () => {
  const half = signed.package.subarray(0, signed.package.length / 2);
  const headers = { "content-length": signed.package.length, connection: "close" };
  upstream.rule = ({ path }) => (path.includes("/blobs/") ? { status: 200, headers, body: half } : undefined);
  try {
    await assert.rejects(worker.send(`/${signed.link}`), /aborted/);
    // Bytes of another length than the manifest's are not even begun.
    headers["content-length"] = half.length;
    const answer = await worker.send(`/${signed.link}`);
    assert.equal(answer.status, 502);
    assert.deepEqual(answer.json, { error: `the registry ${upstream.host} gave an unusable answer` });
  } finally {
    upstream.rule = () => undefined;
  }
  assert.equal((await worker.send(`/${signed.link}`)).status, 200);
});

test("bytes that come without a length get that of the manifest, and break off where it does not hold", async () => {
  const whole = signed.package;
  let sent = whole;
  // Without a length Node sends chunks.
  upstream.rule = ({ path }) => (path.includes("/blobs/") ? { status: 200, headers: { "transfer-encoding": "chunked" }, body: sent } : undefined);
  try {
    const answer = await worker.send(`/${signed.link}`);
    assert.ok(answer.body.equals(whole));
    assert.equal(Number(answer.headers["content-length"]), whole.length);
    for (sent of [whole.subarray(0, whole.length / 2), Buffer.concat([whole, whole])]) {
      await assert.rejects(worker.send(`/${signed.link}`), /aborted/);
    }
  } finally {
    upstream.rule = () => undefined;
  }
  assert.equal((await worker.send(`/${signed.link}`)).status, 200);
});

test("other bytes of the right length are never a whole answer", async () => {
  const whole = signed.package;
  let sent;
  const headers = { "content-length": whole.length };
  upstream.rule = ({ path }) => (path.includes("/blobs/") ? { status: 200, headers, body: sent } : undefined);
  try {
    for (const at of [0, whole.length / 2, whole.length - 1]) {
      sent = Buffer.from(whole);
      sent[Math.floor(at)] ^= 1;
      await assert.rejects(worker.send(`/${signed.link}`), /aborted/, `byte ${at}`);
      await assert.rejects(worker.send(`/charts/${signed.file}`), /aborted/, `byte ${at}`);
    }
    // Encoded although nobody asked for it: the same bytes all the same.
    sent = gzipSync(whole);
    Object.assign(headers, { "content-length": sent.length, "content-encoding": "gzip" });
    const answer = await worker.send(`/${signed.link}`);
    assert.ok(answer.body.equals(whole));
    assert.equal(answer.headers["content-encoding"], undefined);
    assert.equal(Number(answer.headers["content-length"]), whole.length);
    sent = gzipSync(Buffer.concat([whole, whole]));
    headers["content-length"] = sent.length;
    await assert.rejects(worker.send(`/${signed.link}`), /aborted/);
  } finally {
    upstream.rule = () => undefined;
  }
  assert.ok((await worker.send(`/${signed.link}`)).body.equals(whole));
});

test("STREAM_VERIFY=false passes bytes on unread, and lets nobody keep them", async () => {
  const here = new Scope();
  const other = Buffer.from(signed.package);
  other[0] ^= 1;
  try {
    const fast = await start(here, { REGISTRY: `http://${upstream.host}/charts`, STREAM_VERIFY: "false" });
    await fast.index();
    const headers = { "content-length": other.length };
    upstream.rule = ({ path }) => (path.includes("/blobs/") ? { status: 200, headers, body: other } : undefined);
    const answer = await fast.send(`/${signed.link}`);
    assert.ok(answer.body.equals(other));
    assert.equal(answer.headers["cache-control"], "public, no-cache, no-transform");
  } finally {
    upstream.rule = () => undefined;
    await here.end();
  }
});

test("DOWNLOAD=redirect names itself where the registry does not redirect", async () => {
  const here = new Scope();
  try {
    const strict = await start(here, { REGISTRY: `http://${upstream.host}/charts`, DOWNLOAD: "redirect" });
    await strict.index();
    const answer = await strict.send(`/${signed.link}`);
    assert.equal(answer.status, 502);
    assert.deepEqual(answer.json, {
      error: `the registry ${upstream.host} does not redirect downloads: set DOWNLOAD to auto or stream`,
    });
  } finally {
    await here.end();
  }
});
