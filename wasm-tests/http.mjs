// A client that hides nothing: paths go out as written, redirects are answers, headers are seen as they came.

import { Agent, request } from "node:http";

import { PATIENCE } from "./wait.mjs";

/** Keeps connections, for many requests to one server. */
export const keeping = new Agent({ keepAlive: true, maxSockets: 24 });

/** An answer with its body. */
export class Answer {
  constructor(message, body) {
    this.status = message.statusCode;
    /** Names in lower case. */
    this.headers = message.headers;
    /** Names and values in turn, as they were on the wire. */
    this.raw = message.rawHeaders;
    /** @type {Buffer} */
    this.body = body;
  }

  get text() {
    return this.body.toString("utf8");
  }

  get json() {
    return JSON.parse(this.text);
  }
}

/** Sends a request; `host` is `address:port`, `path` goes out byte for byte. */
export async function send(host, path, options = {}) {
  try {
    return await sendOnce(host, path, options);
  } catch (error) {
    if (!isHangUp(error) || !mayRepeat(path, options)) throw error;
    return sendOnce(host, path, { ...options, agent: false });
  }
}

/**
 * Whether the server closed the connection before it said anything. workerd does so to a connection on which no whole request
 * has come for 5 seconds after an answer, or for 15 after it was opened (kj, `HttpServerSettings`), which is all that a machine
 * with too much to do needs; clients then ask again. What breaks in the Worker is answered with 500, and a process that died
 * answers the second time no better.
 */
const isHangUp = ({ cause }) => cause?.code === "ECONNRESET" && !cause.begun;

/** Whether it does no harm to ask twice. */
const mayRepeat = (path, { method = "GET" }) => ["GET", "HEAD"].includes(method) || (method === "POST" && !path.includes("/api/"));

function sendOnce(host, path, { method = "GET", headers = {}, body, limit = PATIENCE, agent = false } = {}) {
  const colon = host.lastIndexOf(":");
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(limit);
    const fail = (cause) => reject(new Error(`${method} http://${host}${path}: ${cause.message}`, { cause }));
    const sent = request(
      { host: host.slice(0, colon), port: host.slice(colon + 1), path, method, headers, agent, signal },
      (message) => {
        const chunks = [];
        message.on("data", (chunk) => chunks.push(chunk));
        message.on("error", (cause) => fail(Object.assign(cause, { begun: true })));
        message.on("end", () => resolve(new Answer(message, Buffer.concat(chunks))));
      },
    );
    sent.on("error", fail);
    sent.end(body);
  });
}

/** Asks, and leaves when the answer has begun. */
export function leave(host, path, { limit = PATIENCE } = {}) {
  const colon = host.lastIndexOf(":");
  return new Promise((resolve, reject) => {
    const target = { host: host.slice(0, colon), port: host.slice(colon + 1), path, agent: false };
    const sent = request({ ...target, signal: AbortSignal.timeout(limit) }, (message) => {
      message.once("data", () => {
        sent.destroy();
        resolve(message.statusCode);
      });
      message.on("error", () => {});
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** Sends a request to an absolute URL. */
export function fetchUrl(url, options) {
  const [, host, path] = /^http:\/\/([^/]+)(\/.*)$/.exec(url);
  return send(host, path, options);
}

/** A form of files, as curl sends it. */
export function form(parts) {
  const blocks = Object.entries(parts).flatMap(([name, bytes]) => [
    Buffer.from(`--b\r\nContent-Disposition: form-data; name="${name}"; filename="${name}"\r\n\r\n`),
    Buffer.from(bytes),
    Buffer.from("\r\n"),
  ]);
  return { body: Buffer.concat([...blocks, Buffer.from("--b--\r\n")]), type: "multipart/form-data; boundary=b" };
}

/** The value of an `Authorization` header for a user. */
export function basic(user, password) {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
