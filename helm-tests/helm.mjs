// Real Helm, each with homes of its own, so that nothing of the machine's user is read or written.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";

import { guard } from "../wasm-tests/scope.mjs";
import { helm, oldHelm } from "../wasm-tests/tools.mjs";

/** How long one command may take. The longest takes half a second on an idle machine. */
const LIMIT = 60_000;

/** Helms of people who never upgraded, the oldest first. The first of them pushes by `helm chart`. */
export const OLD_HELMS = [6, 8, 12].map((minor) => ({ name: `Helm 3.${minor}`, program: oldHelm(minor) }));

/** The Helms that every test runs with. */
export const HELMS = [
  { name: "Helm 3", program: helm(3) },
  { name: "Helm 4", program: helm(4) },
];

/** What a program did. */
export class Outcome {
  /** Runs a program to its end. */
  static of(program, parameters, options = {}) {
    return new Promise((resolve, reject) => {
      const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"], ...options });
      const kill = () => child.kill("SIGKILL");
      const unguard = guard(kill);
      const late = setTimeout(kill, LIMIT);
      let out = "";
      let err = "";
      child.stdout.setEncoding("utf8").on("data", (text) => (out += text));
      child.stderr.setEncoding("utf8").on("data", (text) => (err += text));
      child.once("error", reject);
      child.once("close", (status, signal) => {
        clearTimeout(late);
        unguard();
        resolve(new Outcome([basename(program), ...parameters].join(" "), status ?? signal, out, err));
      });
    });
  }

  constructor(line, status, out, err) {
    this.line = line;
    this.status = status;
    this.out = out;
    this.err = err;
  }

  get json() {
    return JSON.parse(this.out);
  }

  toString() {
    return `${this.line}: ${this.status}\n${this.out}${this.err}`;
  }
}

/** One Helm and its homes. */
export class Helm {
  #program;
  #env;
  /** Where it keeps everything. */
  home;

  constructor(scope, { name, program }, env = {}) {
    this.name = name;
    this.#program = program;
    this.home = scope.folder();
    this.#env = {
      PATH: "/usr/bin:/bin",
      HOME: this.home,
      HELM_CACHE_HOME: join(this.home, "cache"),
      HELM_CONFIG_HOME: join(this.home, "config"),
      HELM_DATA_HOME: join(this.home, "data"),
      // No cluster, whatever the machine has.
      KUBECONFIG: join(this.home, "no-cluster"),
      ...env,
    };
  }

  /** What `helm registry login` wrote: a dockerconfigjson. */
  get logins() {
    return readFileSync(join(this.home, "config", "registry", "config.json"), "utf8");
  }

  /** Runs a command that must do its work. */
  async run(...parameters) {
    const outcome = await this.#outcome(parameters);
    if (outcome.status !== 0) throw new Error(`${this.name}: ${outcome}`);
    return outcome;
  }

  /** Runs a command that must fail. */
  async fails(...parameters) {
    const outcome = await this.#outcome(parameters);
    if (outcome.status === 0) throw new Error(`${this.name} should have failed: ${outcome}`);
    return outcome;
  }

  #outcome(parameters) {
    return Outcome.of(this.#program, parameters, { cwd: this.home, env: this.#env });
  }
}
