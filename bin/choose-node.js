// @ts-check
/**
 * Decides which Node runs longhaul. Plain JavaScript of 2020, because it must load on the Node that is too old.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The same as `engines` in package.json. */
export const neededMajor = 24;

/**
 * @typedef {{ version: string, path: string }} Node
 * @typedef {{ kind: "run" } | { kind: "run_with", path: string } | { kind: "refuse", message: string }} Choice
 */

/**
 * @param {Node} running
 * @param {Node | null} pinned what `findPinned` found
 * @returns {Choice}
 */
export function chooseNode(running, pinned) {
  if (isNewEnough(running.version)) return { kind: "run" };
  // Never the same one again, whatever its package claims to be: that would go round for ever.
  if (pinned !== null && isNewEnough(pinned.version) && pinned.path !== running.path) {
    return { kind: "run_with", path: pinned.path };
  }
  return {
    kind: "refuse",
    message: [
      `longhaul needs Node ${neededMajor} or newer; this is Node ${running.version} (${running.path}).`,
      `Get Node ${neededMajor} from https://nodejs.org or with a version manager (nvm install ${neededMajor}, fnm install ${neededMajor}),`,
      'or, in a checkout of longhaul, run "npm ci": it brings its own.',
    ].join("\n"),
  };
}

/** @param {string} version as in `process.version` or in a package.json */
function isNewEnough(version) {
  return Number.parseInt(version.replace(/^v/, ""), 10) >= neededMajor;
}

/**
 * The `node` package that npm installed for this very file, wherever a link to it was called from.
 * @param {string} file the real path of a file of longhaul
 * @returns {Node | null}
 */
export function findPinned(file) {
  try {
    const manifest = createRequire(file).resolve("node/package.json");
    const path = join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
    // Installed without its install script, the package is there and its program is not.
    if (!existsSync(path)) return null;
    return { version: String(JSON.parse(readFileSync(manifest, "utf8")).version), path: realpathSync(path) };
  } catch {
    // No such package: the usual case where longhaul was installed from npm.
    return null;
  }
}
