// A key to sign charts with, made for one test, in the form `helm package --sign` and `helm pull --verify` read: an
// OpenPGP keyring (RFC 4880) as GnuPG wrote it before 2.1. Written here because GnuPG is not on every machine, and new
// ones have no such keyring.

import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Packet tags (§4.3). */
const SIGNATURE = 2;
const SECRET_KEY = 5;
const PUBLIC_KEY = 6;
const USER_ID = 13;

/** RSA (§9.1) and SHA-256 (§9.4). */
const RSA = 1;
const SHA256 = 8;

/** A self-signature that certifies a user id, as positively as can be (§5.2.1). */
const CERTIFICATION = 0x13;

/** A new key, as two keyrings in a folder of `scope`: `secret` to sign with and `public` to verify with. */
export function makeKey(scope) {
  // A name as GnuPG makes it; Helm looks for a part of it.
  const name = "Portolan Tests";
  const user = Buffer.from(`${name} <tests@charts.example>`);
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const part = (field) => mpi(Buffer.from(jwk[field], "base64url"));
  const jwk = privateKey.export({ format: "jwk" });
  // An hour ago: not in the future of any clock that reads it.
  const created = uint32(Math.floor(Date.now() / 1000) - 3600);
  const open = Buffer.concat([Buffer.from([4]), created, Buffer.from([RSA]), part("n"), part("e")]);
  // §5.5.3. OpenPGP's u is p⁻¹ mod q, JWK's qi is q⁻¹ mod p: so the primes change places.
  const hidden = Buffer.concat([part("d"), part("q"), part("p"), part("qi")]);
  const sum = hidden.reduce((total, byte) => (total + byte) % 65_536, 0);
  const secret = Buffer.concat([open, Buffer.from([0]), hidden, uint16(sum)]);
  const certified = packet(SIGNATURE, certification(open, user, created, privateKey));
  const folder = scope.folder();
  const key = { name, secret: join(folder, "secret.gpg"), public: join(folder, "public.gpg") };
  writeFileSync(key.secret, Buffer.concat([packet(SECRET_KEY, secret), packet(USER_ID, user), certified]), { mode: 0o600 });
  writeFileSync(key.public, Buffer.concat([packet(PUBLIC_KEY, open), packet(USER_ID, user), certified]));
  return key;
}

/** The signature by which a key owns a user id (§5.2.3, §5.2.4). */
function certification(key, user, created, privateKey) {
  const fingerprint = createHash("sha1").update(prefixed(0x99, uint16(key.length), key)).digest();
  // Creation time; may certify and sign; prefers SHA-256.
  const hashed = Buffer.concat([subpacket(2, created), subpacket(27, Buffer.from([0x03])), subpacket(21, Buffer.from([SHA256]))]);
  const issuer = subpacket(16, fingerprint.subarray(-8));
  const head = Buffer.concat([Buffer.from([4, CERTIFICATION, RSA, SHA256]), uint16(hashed.length), hashed]);
  const signed = Buffer.concat([
    prefixed(0x99, uint16(key.length), key),
    prefixed(0xb4, uint32(user.length), user),
    head,
    Buffer.from([4, 0xff]),
    uint32(head.length),
  ]);
  const start = createHash("sha256").update(signed).digest().subarray(0, 2);
  return Buffer.concat([head, uint16(issuer.length), issuer, start, mpi(sign("sha256", signed, privateKey))]);
}

/** A packet with a header of the new format and a length of five octets (§4.2.2.3). */
function packet(tag, body) {
  return Buffer.concat([Buffer.from([0xc0 | tag, 0xff]), uint32(body.length), body]);
}

function subpacket(type, body) {
  return Buffer.concat([Buffer.from([body.length + 1, type]), body]);
}

function prefixed(octet, length, body) {
  return Buffer.concat([Buffer.from([octet]), length, body]);
}

/** A number (§3.2): how many bits it has, then its octets without leading zeros. */
function mpi(octets) {
  const first = octets.findIndex((octet) => octet !== 0);
  const bare = octets.subarray(first);
  return Buffer.concat([uint16(bare.length * 8 - (Math.clz32(bare[0]) - 24)), bare]);
}

function uint16(value) {
  const octets = Buffer.alloc(2);
  octets.writeUInt16BE(value);
  return octets;
}

function uint32(value) {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}
