// Keys to sign charts with, made for one test.

import { join } from "node:path";

import { keyring } from "../wasm-tests/tools.mjs";
import { Outcome } from "./helm.mjs";

/** A new key: `name`, and the files that `secret` signs and `public` verifies with. */
export async function makeKey(scope) {
  const folder = scope.folder();
  const name = "Ada of the tests";
  const outcome = await Outcome.of(keyring(), [folder, name]);
  if (outcome.status !== 0) throw new Error(`${outcome}`);
  return { name, secret: join(folder, "secring.gpg"), public: join(folder, "pubring.gpg") };
}
