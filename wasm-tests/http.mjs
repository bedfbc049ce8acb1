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
export function send(host, path, { method = "GET", headers = {}, body, limit = PATIENCE, agent = false } = {}) {
  const colon = host.lastIndexOf(":");
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(limit);
    const fail = (cause) => reject(new Error(`${method} http://${host}${path}: ${cause.message}`, { cause }));
    const sent = request(
      { host: host.slice(0, colon), port: host.slice(colon + 1), path, method, headers, agent, signal },
      (message) => {
        const chunks = [];
        message.on("data", (chunk) => chunks.push(chunk));
        message.on("error", fail);
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

/** The value of an `Authorization` header for a user. */
export function basic(user, password) {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
