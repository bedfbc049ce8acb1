// A self-signed X.509 certificate, in the few bytes a registry asks of one: it takes a token server's key as such. OpenSSL
// is not on every machine, and Node reads certificates but makes none.

import { randomBytes, sign } from "node:crypto";

/** DER tags. */
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const SEQUENCE = 0x30;
const SET = 0x31;
const UTC_TIME = 0x17;
const EXPLICIT_0 = 0xa0;

/** 1.2.840.10045.4.3.2, ecdsa-with-SHA256, and 2.5.4.3, commonName. */
const ECDSA_SHA256 = der(SEQUENCE, der(OBJECT_IDENTIFIER, Buffer.from("2a8648ce3d040302", "hex")));
const COMMON_NAME = der(OBJECT_IDENTIFIER, Buffer.from("550403", "hex"));

/** The certificate of a pair of P-256 keys, as DER (RFC 5280 §4.1). */
export function certify({ privateKey, publicKey }, name) {
  const names = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from(name)))));
  const day = 86_400_000;
  const validity = der(SEQUENCE, time(Date.now() - day), time(Date.now() + day));
  // Positive, and without leading zeros.
  const serial = Buffer.concat([Buffer.from([0x4d]), randomBytes(8)]);
  const body = der(
    SEQUENCE,
    der(EXPLICIT_0, der(INTEGER, Buffer.from([2]))), // version 3
    der(INTEGER, serial),
    ECDSA_SHA256,
    names,
    validity,
    names,
    publicKey.export({ type: "spki", format: "der" }),
  );
  return der(SEQUENCE, body, ECDSA_SHA256, der(BIT_STRING, Buffer.from([0]), sign("sha256", body, privateKey)));
}

/** DER as PEM. */
export function pem(certificate) {
  const lines = certificate.toString("base64").match(/.{1,64}/g);
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function time(milliseconds) {
  const digits = new Date(milliseconds).toISOString().slice(2).replace(/\.\d+|[-:T]/g, "");
  return der(UTC_TIME, Buffer.from(digits));
}

function der(tag, ...content) {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag, ...length(body.length)]), body]);
}

/** A length in as few octets as it takes; DER allows no more. */
function length(octets) {
  if (octets < 0x80) return [octets];
  return octets < 0x100 ? [0x81, octets] : [0x82, octets >> 8, octets & 0xff];
}
