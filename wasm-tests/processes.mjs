// Programs that run beside a test. Each is ended by its own pid, with its scope or when the test process ends.

import { spawn } from "node:child_process";

import { guard } from "./scope.mjs";
import { PATIENCE, within } from "./wait.mjs";

/** How long a server may take until it listens. */
const START = 20_000;

/** How long it may take to end after it was asked to. */
const END = 5_000;

/** What is kept of a program's output, to be told if it fails. */
const OUTPUT = 8_192;

/** A program that was started. */
export class Program {
  #child;
  #ended;
  #unguard;
  #gently;
  output = "";

  /** `gently`: it has processes of its own to end, so it is asked to end and never killed. */
  constructor(command, parameters, env, { gently = false } = {}) {
    this.name = command.split("/").at(-1);
    this.#child = spawn(command, parameters, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.#ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#unguard = guard(() => this.#child.kill(gently ? "SIGTERM" : "SIGKILL"));
    this.#gently = gently;
  }

  get pid() {
    return this.#child.pid;
  }

  /** Waits until a line of the output matches; gives the match. */
  async says(pattern, limit = START) {
    const said = new Promise((resolve, reject) => {
      const hear = (chunk) => {
        this.output = (this.output + chunk).slice(-OUTPUT);
        const match = pattern.exec(this.output);
        if (match) resolve(match);
      };
      this.#child.stdout.setEncoding("utf8").on("data", hear);
      this.#child.stderr.setEncoding("utf8").on("data", hear);
      this.#child.once("error", reject);
      this.#child.once("close", () => reject(new Error(`${this.name} ended: ${this.output}`)));
    });
    said.catch(() => {});
    return within(`${this.name} says ${pattern}`, said, limit);
  }

  /** Sends a signal, if it still runs. */
  signal(name) {
    this.#child.kill(name);
  }

  /** Asks it to end, and insists after a while. */
  async end() {
    this.#child.kill("SIGTERM");
    try {
      await within(`${this.name} ends`, this.#ended, this.#gently ? PATIENCE : END);
    } catch (late) {
      if (this.#gently) throw late;
      this.#child.kill("SIGKILL");
      await this.#ended;
    }
    this.#unguard();
  }
}

/** Starts a program that ends with `scope`, and waits until it says where it listens. */
export async function serve(scope, command, parameters, env, pattern) {
  const program = new Program(command, parameters, env);
  scope.defer(() => program.end());
  const [, host] = await program.says(pattern);
  return { program, host };
}
