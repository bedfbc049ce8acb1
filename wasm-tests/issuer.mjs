// Somebody who signs tokens, and gives its public keys at a URL.

import { generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";

const KINDS = {
  RS256: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  EdDSA: ["ed25519", {}],
};

/** The algorithms by which it can sign. */
export const ALGORITHMS = Object.keys(KINDS);

/** Has a key of its own. */
export class Signer {
  #private;

  constructor(algorithm, id = algorithm) {
    const [type, options] = KINDS[algorithm];
    const { publicKey, privateKey } = generateKeyPairSync(type, options);
    this.algorithm = algorithm;
    this.id = id;
    this.pem = publicKey.export({ type: "spki", format: "pem" });
    this.jwk = { ...publicKey.export({ format: "jwk" }), kid: id, alg: algorithm, use: "sig" };
    this.#private = privateKey;
  }

  /** A token with these claims, which lasts some minutes if they do not say. */
  token(claims, head = {}) {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const exp = Math.floor(Date.now() / 1000) + 300;
    const text = `${part({ alg: this.algorithm, kid: this.id, typ: "JWT", ...head })}.${part({ exp, ...claims })}`;
    const key = { key: this.#private, dsaEncoding: "ieee-p1363" };
    const hash = this.algorithm === "EdDSA" ? null : "sha256";
    return `${text}.${sign(hash, Buffer.from(text), key).toString("base64url")}`;
  }
}

/** Gives the public keys of some signers at `url`, and counts how often it was asked. */
export async function keysOf(scope, signers) {
  const issuer = { asked: 0, signers };
  const server = createServer((request, response) => {
    issuer.asked += 1;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ keys: issuer.signers.map(({ jwk }) => jwk) }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  scope.defer(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  issuer.url = `http://127.0.0.1:${server.address().port}/jwks`;
  return issuer;
}
