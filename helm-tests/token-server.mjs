// Gives the tokens of a registry that wants them: distribution's token protocol, with tokens signed by ES256.

import { createHash, createPublicKey, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

import { basic } from "../wasm-tests/http.mjs";

const SERVICE = "registry of the tests";
const ISSUER = "token server of the tests";

/** How long a token lives, in seconds. */
const LIFE = 300;

/**
 * Starts one that knows one user, who may do everything that is asked for. Gives `{ requests, settings }`: what was asked, and what
 * the registry needs to know (`auth.token` of its configuration).
 */
export async function tokenServer(scope, user, password) {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const certificate = selfSigned(privateKey);
  const requests = [];
  const server = createServer((incoming, outgoing) => {
    const query = new URL(incoming.url, "http://here").searchParams;
    const known = incoming.headers.authorization === basic(user, password);
    requests.push({ method: incoming.method, known, service: query.get("service"), scopes: query.getAll("scope") });
    const answer = (status, body) => {
      outgoing.writeHead(status, { "content-type": "application/json" });
      outgoing.end(JSON.stringify(body));
    };
    if (incoming.method !== "GET") return answer(405, {}); // clients fall back to GET
    if (!known) return answer(401, { details: "who are you" });
    return answer(200, { token: token(privateKey, certificate, user, query.getAll("scope")), expires_in: LIFE });
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  scope.defer(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const bundle = join(scope.folder(), "certificates.pem");
  writeFileSync(bundle, pem(certificate));
  const realm = `http://127.0.0.1:${server.address().port}/token`;
  return { requests, settings: { realm, service: SERVICE, issuer: ISSUER, rootcertbundle: bundle } };
}

function token(privateKey, certificate, subject, scopes) {
  const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const access = scopes.flatMap((text) => text.split(" ")).map((text) => {
    const [type, ...rest] = text.split(":");
    const actions = rest.pop().split(",");
    return { type, name: rest.join(":"), actions };
  });
  const claims = { iss: ISSUER, sub: subject, aud: SERVICE, nbf: now - 10, iat: now, exp: now + LIFE, jti: randomUUID(), access };
  const text = `${encoded({ alg: "ES256", typ: "JWT", x5c: [certificate.toString("base64")] })}.${encoded(claims)}`;
  return `${text}.${sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

/** A certificate for the key by the key, in DER (RFC 5280): Node cannot make one, and not every machine has openssl. */
function selfSigned(privateKey) {
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const ecdsaWithSha256 = sequence(der(0x06, Buffer.from("2a8648ce3d040302", "hex")));
  const name = sequence(der(0x31, sequence(der(0x06, Buffer.from("550403", "hex")), der(0x0c, Buffer.from(ISSUER)))));
  const time = (days) => {
    const date = new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]/g, "");
    return der(0x17, Buffer.from(`${date.slice(2, 14)}Z`));
  };
  const serial = der(0x02, createHash("sha256").update(spki).digest().subarray(0, 8).fill(1, 0, 1));
  const content = sequence(serial, ecdsaWithSha256, name, sequence(time(-1), time(1)), name, spki);
  const signature = sign("sha256", content, privateKey);
  return sequence(content, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
}

function der(tag, content) {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts) {
  return der(0x30, Buffer.concat(parts));
}

function pem(bytes) {
  const lines = bytes.toString("base64").match(/.{1,64}/g);
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
