// Real Helm, each with a home of its own, so that neither the user's repositories nor another test's are seen.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { charts } from "../examples/push.mjs";
import { guard } from "../wasm-tests/scope.mjs";
import { helm, keyring } from "../wasm-tests/tools.mjs";
import { within } from "../wasm-tests/wait.mjs";

/** Who signs. */
export const SIGNER = "Ada of the tests";

/** How long one command may take: Helm itself gives up at two minutes. */
const LIMIT = 150_000;

/** The digest of a file, bare. */
export const digestOf = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");

/** Runs a program to its end; a failure is an exception that has its output. */
export async function run(program, parameters, options = {}) {
  const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const unguard = guard(() => child.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name].setEncoding("utf8").on("data", (chunk) => {
      output[name] += chunk;
    });
  }
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  try {
    const code = await within(`${basename(program)} ${parameters[0]}`, ended, LIMIT);
    if (code !== 0) throw new Error(`${basename(program)} ${parameters.join(" ")}: ${output.stderr}${output.stdout}`);
    return output;
  } finally {
    child.kill("SIGKILL");
    unguard();
  }
}

/** One Helm. */
export class Helm {
  #env;

  constructor(scope, major) {
    this.major = major;
    this.home = scope.folder();
    const { PATH } = process.env;
    const home = (name) => join(this.home, name);
    this.#env = { PATH, HOME: this.home, HELM_CACHE_HOME: home("cache"), HELM_CONFIG_HOME: home("config"), HELM_DATA_HOME: home("data") };
  }

  /** Runs a command; gives what it printed. */
  async run(...parameters) {
    return (await run(helm(this.major), parameters, { env: this.#env, cwd: this.home })).stdout;
  }

  /** Runs a command that is to fail; gives what it said. */
  async fails(...parameters) {
    const failure = await this.run(...parameters).then(
      (said) => new Error(`helm ${parameters.join(" ")} did not fail: ${said}`),
      ({ message }) => ({ message }),
    );
    if (failure instanceof Error) throw failure;
    return failure.message;
  }

  /** Pulls a version with what comes along; gives the package's path. */
  async pull(chart, version, ...more) {
    const folder = join(this.home, "pulled", `${version}${more.join("")}`.replaceAll("/", ""));
    mkdirSync(folder, { recursive: true });
    await this.run("pull", chart, "--version", version, "--destination", folder, ...more);
    return join(folder, readdirSync(folder).find((name) => name.endsWith(`-${version}.tgz`)));
  }

  /** What a search finds: `name version`, as Helm orders them. */
  async search(term) {
    const found = JSON.parse(await this.run("search", "repo", term, "--versions", "--devel", "--output", "json"));
    return found.map(({ name, version }) => `${name} ${version}`);
  }
}

/** Makes a key; gives the two files: `{ secret, public }`. */
export async function key(scope) {
  const folder = scope.folder();
  await run(keyring(), [folder, SIGNER]);
  return { secret: join(folder, "secring.gpg"), public: join(folder, "pubring.gpg") };
}

/**
 * Packages the sample charts and pushes them below `prefix` of a registry (of registries.mjs), all by `helm`. Those whose
 * name is in `signed` are signed. Gives `{ repository, name, version, file, digest }` for each.
 */
export async function pushSamples(helm, registry, prefix, { keys, signed = [], login } = {}) {
  const folder = join(helm.home, "packages");
  mkdirSync(folder, { recursive: true });
  if (login) {
    await helm.run("registry", "login", registry.push, "--username", login.user, "--password", login.password, "--plain-http");
  }
  const pushed = [];
  for (const sample of charts()) {
    const version = basename(sample.folder);
    const name = basename(sample.repository);
    const sign = signed.includes(name) ? ["--sign", "--key", SIGNER, "--keyring", keys.secret] : [];
    await helm.run("package", sample.folder, "--destination", folder, ...sign);
    const file = join(folder, `${name}-${version}.tgz`);
    const target = join(prefix, dirname(sample.repository));
    await helm.run("push", file, `oci://${registry.push}/${target}`, "--plain-http");
    pushed.push({ repository: sample.repository, name, version, file, digest: digestOf(file) });
  }
  return pushed;
}
