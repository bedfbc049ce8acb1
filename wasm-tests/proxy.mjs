// Stands before a server: notes every request that would reach it, and answers in its place where a test wants a fault.

import { Agent, createServer, request } from "node:http";
import { Transform } from "node:stream";

import { sleep } from "./wait.mjs";

/** Stands before one server. */
export class Proxy {
  #server;
  #target;
  #inFlight = 0;
  #agent = new Agent({ keepAlive: true });
  /** Every request that came: method, path, headers, when, and the status and headers of its answer. */
  requests = [];
  /** The most requests that were open at one time. */
  peak = 0;
  /** Milliseconds that each answer is held back. */
  latency = 0;
  /**
   * Says what becomes of a request. `undefined` sends it on; `"reset"` breaks the connection; `"hang"` never answers; an
   * object `{ status, headers, body }` is the answer. An object without a status says what becomes of the real answer:
   * `delay` holds it back so many milliseconds, `lose` breaks the connection in its place, `cut` breaks off in its middle,
   * `corrupt` changes one character of it.
   */
  rule = () => undefined;

  static async before(scope, target) {
    const proxy = new Proxy(target);
    await proxy.#listen();
    scope.defer(() => proxy.#close());
    return proxy;
  }

  constructor(target) {
    this.#target = target;
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => this.#handle(incoming, outgoing));
  }

  #listen() {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", () => {
        this.host = `127.0.0.1:${this.#server.address().port}`;
        resolve();
      });
    });
  }

  #close() {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  /** The requests that came since the last call of this. */
  take() {
    return this.requests.splice(0);
  }

  /** How many requests match. */
  count(matches) {
    return this.requests.filter(matches).length;
  }

  async #handle(incoming, outgoing) {
    const noted = { method: incoming.method, path: incoming.url, headers: incoming.headers, at: Date.now() };
    this.requests.push(noted);
    this.#inFlight += 1;
    this.peak = Math.max(this.peak, this.#inFlight);
    outgoing.once("close", () => {
      this.#inFlight -= 1;
    });
    outgoing.on("error", () => {});
    const instead = this.rule(noted);
    const delay = this.latency + (instead?.delay ?? 0);
    if (delay > 0) await sleep(delay);
    if (instead === "reset") return incoming.socket.destroy();
    if (instead === "hang") return undefined;
    if (instead?.status) {
      noted.status = instead.status;
      incoming.resume();
      outgoing.writeHead(instead.status, instead.headers ?? {});
      return outgoing.end(instead.body ?? "");
    }
    return this.#forward(incoming, outgoing, noted, instead);
  }

  /** Sends on as it came, the Host included: links, and signatures, are made of it. */
  #forward(incoming, outgoing, noted, { lose = false, cut = false, corrupt = false } = {}) {
    const colon = this.#target.lastIndexOf(":");
    const sent = request(
      {
        host: this.#target.slice(0, colon),
        port: this.#target.slice(colon + 1),
        path: incoming.url,
        method: incoming.method,
        headers: incoming.rawHeaders,
        setHost: false,
        agent: this.#agent,
      },
      (answer) => {
        noted.status = answer.statusCode;
        noted.answer = answer.headers;
        if (lose) {
          answer.resume();
          return void incoming.socket.destroy();
        }
        outgoing.sendDate = false;
        outgoing.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders);
        answer.on("error", () => outgoing.destroy());
        if (cut) return void answer.once("data", (chunk) => outgoing.write(chunk.subarray(0, chunk.length / 2), () => outgoing.destroy()));
        if (corrupt) return void answer.pipe(corrupting()).pipe(outgoing);
        return void answer.pipe(outgoing);
      },
    );
    sent.on("error", () => outgoing.destroy());
    outgoing.once("close", () => sent.destroy());
    incoming.pipe(sent);
  }
}

/** Passes everything on but for one character, in the middle of the first chunk: a digit becomes another, if there is one. */
function corrupting() {
  let done = false;
  return new Transform({
    transform(chunk, _, next) {
      const digit = (byte) => byte >= 0x30 && byte <= 0x39;
      if (!done && chunk.length > 0) {
        const middle = chunk.length >> 1;
        const found = chunk.subarray(middle).findIndex(digit);
        const at = found < 0 ? middle : middle + found;
        chunk[at] = found < 0 ? chunk[at] ^ 1 : 0x30 + ((chunk[at] - 0x2f) % 10);
        done = true;
      }
      next(null, chunk);
    },
  });
}
