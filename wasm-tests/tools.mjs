// What scripts/test installs and names in the environment. By names that a registry does not take for its own settings.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

/** The repository. */
export const ROOT = resolve(import.meta.dirname, "..");

function path(variable, what) {
  const given = process.env[variable];
  if (!given || !existsSync(given)) throw new Error(`${variable} names no ${what}: \`scripts/test\` sets it`);
  return resolve(given);
}

/** The registry's program: distribution, Debian's 2.8 where there is one. */
export const registry = () => path("PORTOLAN_REGISTRY", "registry");

/** The newest distribution. */
export const distribution = () => path("PORTOLAN_DISTRIBUTION", "newest distribution");

/** An S3 server that verifies signatures: s3s-fs. */
export const s3 = () => path("PORTOLAN_S3", "S3 server");

/** Helm; `major` is 3 or 4. */
export const helm = (major) => path(`PORTOLAN_HELM${major}`, `Helm ${major}`);

/** An old Helm; `minor` is 6, 8 or 12. */
export const oldHelm = (minor) => path(`PORTOLAN_HELM_3_${minor}`, `Helm 3.${minor}`);

/** The folder of the plugin `helm cm-push`. */
export const cmPush = () => path("PORTOLAN_CM_PUSH", "folder of helm cm-push");

/** ORAS. */
export const oras = () => path("PORTOLAN_ORAS", "ORAS");

/** What makes keys for signed charts. */
export const keyring = () => path("PORTOLAN_KEYRING", "maker of keys");

/** Gives npm's packages. */
export const require = createRequire(join(path("PORTOLAN_MODULES", "folder of npm's packages"), "..", "package.json"));
