// A token server as the distribution protocol has it: gives those who know a password a token, signed with ES256, for
// what they may do of what they ask.

import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

import { basic } from "../wasm-tests/http.mjs";
import { certify, pem } from "./certificate.mjs";

const ISSUER = "token server of the tests";
const SERVICE = "registry of the tests";

/** How long a token is good, in seconds: shorter is not allowed by the protocol. */
const GOOD_FOR = 60;

/** A token server that runs. */
export class TokenServer {
  #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  #certificate = certify(this.#keys, ISSUER);
  #users;
  #server;
  /** What was asked, and what of it was granted: user, scopes. A user is `null` if the password was wrong or none was given. */
  requests = [];

  /** Starts one; `users` maps names to `{ password, actions }`, what each may do with repositories and the catalog. */
  static async start(scope, users) {
    const server = new TokenServer(users);
    await server.#listen();
    scope.defer(() => server.#close());
    server.#bundle = join(scope.folder(), "certificate.pem");
    writeFileSync(server.#bundle, pem(server.#certificate));
    return server;
  }
  #bundle;

  constructor(users) {
    this.#users = users;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** What a registry is to be told of it: `auth.token` of its configuration. */
  get settings() {
    const realm = `http://${this.host}/token`;
    return { realm, service: SERVICE, issuer: ISSUER, rootcertbundle: this.#bundle };
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
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  /** Two ways to ask: GET with Basic, and OAuth's POST, of which only passwords are known here. */
  async #answer(request, response) {
    const url = new URL(request.url, `http://${this.host}`);
    const form = new URLSearchParams(request.method === "POST" ? await text(request) : "");
    const given = request.headers.authorization ?? basic(form.get("username") ?? "", form.get("password") ?? "");
    const [user, { actions = [] } = {}] = Object.entries(this.#users).find(([name, { password }]) => given === basic(name, password)) ?? [null];
    const scopes = [...url.searchParams.getAll("scope"), ...(form.get("scope") ?? "").split(" ")].filter(Boolean);
    this.requests.push({ user, scopes });
    if (user === null) {
      response.writeHead(401, { "content-type": "application/json" });
      return response.end(JSON.stringify({ errors: [{ code: "UNAUTHORIZED" }] }));
    }
    const token = this.#token(user, scopes.map((scope) => grant(scope, actions)));
    response.writeHead(200, { "content-type": "application/json" });
    return response.end(JSON.stringify({ token, access_token: token, expires_in: GOOD_FOR, issued_at: new Date().toISOString() }));
  }

  #token(user, access) {
    const now = Math.floor(Date.now() / 1000);
    const header = { typ: "JWT", alg: "ES256", x5c: [this.#certificate.toString("base64")] };
    const claims = { iss: ISSUER, sub: user, aud: SERVICE, exp: now + GOOD_FOR, nbf: now - 10, iat: now, jti: randomUUID(), access };
    const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const signature = sign("sha256", Buffer.from(signed), { key: this.#keys.privateKey, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
  }
}

/** `repository:a/b:pull,push` cut down to what is allowed. */
function grant(scope, allowed) {
  const [, type, name, actions] = /^([^:]+):(.+):([^:]*)$/.exec(scope);
  return { type, name, actions: actions.split(",").filter((action) => allowed.includes(action)) };
}

async function text(stream) {
  let all = "";
  for await (const chunk of stream.setEncoding("utf8")) all += chunk;
  return all;
}
