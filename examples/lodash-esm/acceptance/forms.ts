/**
 * Acceptance: nothing of CommonJS is left in any module, in code (by syntax tree) or in comments (by text), the README
 * shows imports, and the record lists every module. Run in a checkout; the score is the number of clean modules.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isIdentifier, isMember, parseOnly, walk, type Node } from "../codemod/ast.ts";
import { manifestPath, readManifest } from "../manifest.ts";
import { report, type Site } from "../sites.ts";
import { modulesIn, readModule } from "../tree.ts";

export function formSites(root: string): { sites: Site[]; modules: number; clean: number } {
  const modules = modulesIn(root);
  const sites = modules.flatMap((file) => sitesIn(file, readModule(root, file)));
  const clean = modules.length - new Set(sites.map((site) => site.file)).size;
  return { sites: [...sites, ...recordSites(root, modules), ...readmeSites(root)], modules: modules.length, clean };
}

function sitesIn(file: string, source: string): Site[] {
  const site = (line: number, column: number, reason: string): Site => ({ kind: "form", file, line, column, reason });
  const sites: Site[] = [];
  try {
    walk(parseOnly(source), (node) => {
      const reason = commonJsIn(node);
      if (reason !== null) sites.push(site(node.loc.start.line, node.loc.start.column + 1, reason));
    });
  } catch (error) {
    return [{ ...site(0, 0, `does not parse: ${String(error)}`), line: null, column: null }];
  }
  const lines = new Set(sites.map((one) => one.line));
  source.split("\n").forEach((text, index) => {
    const column = text.search(/require\(|module\.exports/);
    if (column >= 0 && !lines.has(index + 1))
      sites.push(site(index + 1, column + 1, "a comment or text speaks of CommonJS"));
  });
  return sites;
}

function commonJsIn(node: Node): string | null {
  switch (node.type) {
    case "CallExpression": {
      const callee = node["callee"] as Node;
      if (isIdentifier(callee, "require")) return "calls require";
      return isMember(callee, null, "require") ? "calls require through an object" : null;
    }
    case "AssignmentExpression": {
      const target = node["left"] as Node;
      if (isMember(target, null, "exports")) return "assigns to exports of an object";
      return target.type === "MemberExpression" && isIdentifier(target["object"], "exports")
        ? "assigns to a property of exports"
        : null;
    }
    default:
      return null;
  }
}

function recordSites(root: string, modules: string[]): Site[] {
  const site = (file: string, reason: string): Site => ({ kind: "form", file, line: null, column: null, reason });
  const record = readManifest(root);
  const missing = modules
    .filter((file) => record[file] === undefined)
    .map((file) => site(file, `is not recorded in ${manifestPath}`));
  const gone = Object.keys(record)
    .filter((file) => !existsSync(join(root, file)))
    .map((file) => site(manifestPath, `records ${file}, which does not exist`));
  return [...missing, ...gone];
}

function readmeSites(root: string): Site[] {
  const file = "README.md";
  if (!existsSync(join(root, file))) return [];
  return readFileSync(join(root, file), "utf8")
    .split("\n")
    .flatMap((text, index): Site[] =>
      text.includes("require(")
        ? [{ kind: "form", file, line: index + 1, column: 1, reason: "an example shows require" }]
        : [],
    );
}

if (import.meta.main) {
  const { sites, modules, clean } = formSites(process.cwd());
  report(sites, clean, `${clean} of ${modules} modules are free of CommonJS forms`);
}
