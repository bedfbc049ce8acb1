// Large uploads, several at a time: an isolate has 128 MiB, and so many are taken that it lives.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { after, before, test } from "node:test";

import { AS_ADMIN, start } from "./harness.mjs";
import { chart, hex } from "./push.mjs";
import { streaming } from "./registries.mjs";
import { Scope } from "./scope.mjs";
import { sleep, until } from "./wait.mjs";

const scope = new Scope();
const FRESH = { ...AS_ADMIN, "cache-control": "no-cache" };
const MIB = 1 << 20;
/** The `UPLOAD_LIMIT` of these tests. */
const LIMIT = 34 * MIB;
const LONG = 240_000;
const SAVED = '201 {"saved":true}';
const BUSY = "503";

let worker;

before(async () => {
  const registry = await streaming(scope);
  worker = await start(scope, { REGISTRY: `http://${registry.host}/charts`, UPLOAD_LIMIT: String(LIMIT) });
  await worker.send("/", { headers: AS_ADMIN });
});
after(() => scope.end());

/** A package of about this length; no file of a chart is longer than 5 MiB. */
function large(name, length) {
  const files = {};
  for (let left = length, nth = 0; left > 0; left -= 4 * MIB, nth += 1) files[`ballast-${nth}.bin`] = randomBytes(Math.min(left, 4 * MIB));
  return chart(name, "1.0.0", { files });
}

/** An upload that goes on as the test wants. Without a length it goes in chunks, as `helm cm-push` sends it. */
class Upload {
  #sent;

  constructor(length) {
    const [hostname, port] = worker.host.split(":");
    const headers = { ...AS_ADMIN, ...(length !== undefined && { "content-length": length }) };
    this.answer = new Promise((resolve, reject) => {
      const options = { hostname, port, path: "/api/charts", method: "POST", headers, agent: false, signal: AbortSignal.timeout(LONG) };
      this.#sent = request(options, (message) => {
        let text = "";
        message.setEncoding("utf8").on("data", (part) => (text += part));
        message.on("end", () => {
          this.retryAfter = message.headers["retry-after"];
          resolve(`${message.statusCode} ${text}`);
        });
        message.on("error", reject);
      });
      // Who is refused before the end may find the connection closed.
      this.#sent.on("error", reject);
    });
    this.answer.catch(() => {});
  }

  write(bytes) {
    return new Promise((resolve) => this.#sent.write(bytes, resolve));
  }

  end(bytes) {
    this.#sent.end(bytes);
    return this.answer;
  }
}

const served = async (made) => hex((await worker.send(`/charts/${made.file}`, { headers: FRESH, limit: LONG })).body);

/** Whether an upload is refused: by an answer, or, where that was not read in time, by a closed connection. */
async function refused(upload) {
  const answer = await upload.answer.catch(({ code }) => code);
  if (!["EPIPE", "ECONNRESET"].includes(answer)) {
    assert.ok(answer.startsWith(BUSY), answer);
    assert.equal(upload.retryAfter, "1");
  }
}

test("one that is larger than what is taken beside each other is stored alone, and what is over the limit refused", async (t) => {
  const made = large("large", 33 * MIB);
  assert.ok(made.package.length > 32 * MIB && made.package.length < LIMIT);
  const whole = new Upload(made.package.length);
  assert.equal(await whole.end(made.package), SAVED);
  assert.equal(await served(made), made.digest);
  const longer = new Upload(LIMIT + 1);
  const answer = await longer.end(Buffer.alloc(LIMIT + 1)).catch(({ code }) => code);
  assert.ok(/^413|EPIPE|ECONNRESET/.test(answer), answer);
  t.diagnostic(`${Math.round(worker.memory().peak / MIB)} MiB of the process at most`);
});

test("while one is sent, others come as far as there is room, and are stored later", async () => {
  const [first, second, small] = [["first", 17 * MIB], ["second", 17 * MIB], ["small", 1000]].map(([name, length]) => large(name, length));
  for (const stated of [true, false]) {
    const held = new Upload(stated ? first.package.length : undefined);
    await held.write(first.package.subarray(0, 16 * MIB));
    // More than fits beside it, whatever of both has come.
    const other = new Upload(stated ? second.package.length : undefined);
    void other.write(stated ? second.package.subarray(0, MIB) : Buffer.alloc(33 * MIB));
    await refused(other);
    const beside = new Upload(small.package.length);
    assert.match(await beside.end(small.package), stated ? /^201/ : /^409/);
    const done = await held.end(first.package.subarray(16 * MIB));
    assert.match(done, stated ? /^201/ : /^409/);
  }
  assert.equal(await new Upload(second.package.length).end(second.package), SAVED);
  assert.equal(await served(second), second.digest);
});

test("four at a time are stored by whoever comes again, and the Worker lives", async () => {
  const all = Array.from({ length: 4 }, (_, nth) => large(`many-${nth}`, 12 * MIB));
  let busy = 0;
  await Promise.all(all.map(async (made) => {
    await until(`${made.name} is stored`, async () => {
      const upload = new Upload(made.package.length);
      const answer = await upload.end(made.package).catch(({ code }) => code);
      if (answer === SAVED) return true;
      await refused(upload);
      busy += 1;
      await sleep(200);
      return false;
    }, { limit: LONG });
  }));
  assert.ok(busy > 0, "all were taken at once");
  for (const made of all) assert.equal(await served(made), made.digest);
});
