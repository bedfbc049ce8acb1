// Where the tools are that scripts/tools installs: `TOOLS` names the folder, else it is `.tools` beside this one.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "..");

const TOOLS = resolve(process.env.TOOLS ?? join(ROOT, ".tools"));

/** Programs in that folder. */
const PROGRAMS = {
  "s3s-fs": "s3s-fs-0.14.1/bin/s3s-fs",
};

/** Path of a program. */
export function tool(name) {
  const path = join(TOOLS, PROGRAMS[name]);
  if (!existsSync(path)) throw new Error(`${name} is not at ${path}: scripts/test installs it, TOOLS names its folder`);
  return path;
}

/** A package of npm's. */
export const require = createRequire(join(TOOLS, "npm", "package.json"));
