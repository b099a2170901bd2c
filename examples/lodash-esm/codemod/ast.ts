/**
 * Reading and changing JavaScript through jscodeshift. Only its core is loaded: a worker is one short process per
 * task, and the runner of the package would double its start-up.
 */
import core, { type Collection, type Node, type Path } from "jscodeshift/src/core.js";
import getParser from "jscodeshift/src/getParser.js";

export type { Collection, Node, Path };

export const j = core.withParser("babel");

export const print = (root: Collection): string => root.toSource({ quote: "single", lineTerminator: "\n" });

export const programOf = (root: Collection): Node => root.paths()[0]!.node["program"] as Node;

const parser = getParser("babel");

/** Reads a file without keeping what is needed to print it again: several times faster. */
export const parseOnly = (source: string): Node => parser.parse(source)["program"] as Node;

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";

/** Calls `visit` for every node below `node`, parents first, in the order of the source. */
export function walk(node: Node, visit: (node: Node, parents: Node[]) => void, parents: Node[] = []): void {
  visit(node, parents);
  parents.push(node);
  for (const [field, value] of Object.entries(node)) {
    if (field === "tokens" || field === "comments" || field === "loc" || field === "original") continue;
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, visit, parents);
  }
  parents.pop();
}

export const isIdentifier = (node: unknown, name?: string): boolean =>
  isNode(node) && node.type === "Identifier" && (name === undefined || node["name"] === name);

export const isString = (node: unknown): node is Node & { value: string } =>
  isNode(node) && node.type === "Literal" && typeof node["value"] === "string";

/** `object.property`, not computed. */
export const isMember = (node: unknown, object: string | null, property: string): boolean =>
  isNode(node) &&
  node.type === "MemberExpression" &&
  !node["computed"] &&
  isIdentifier(node["property"], property) &&
  (object === null || isIdentifier(node["object"], object));

/** Every variable that the file mentions, so that a new name cannot capture or hide one. */
export function namesIn(program: Node): Set<string> {
  const names = new Set<string>();
  walk(program, (node, parents) => {
    if (node.type === "Identifier" && !isKey(node, parents.at(-1))) names.add(node["name"] as string);
  });
  return names;
}

/** A name behind a dot or before a colon: not a variable. */
export const isKey = (node: Node, parent: Node | undefined): boolean =>
  parent !== undefined &&
  !parent["computed"] &&
  !parent["shorthand"] &&
  ((parent.type === "MemberExpression" && parent["property"] === node) ||
    (parent.type === "Property" && parent["key"] === node));

const reserved = new Set(
  (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if " +
    "implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield"
  ).split(" "),
);

/** A local name for a module, from its file name, that is legal in a module and not yet `taken`. */
export function localName(specifier: string, taken: ReadonlySet<string>): string {
  const base = (specifier.split("/").at(-1) ?? "").replace(/\.js$/, "");
  const camel = base
    .replace(/^_+(?=[A-Za-z])/, "")
    .replace(/[^\w$]+(\w?)/g, (_, letter: string) => letter.toUpperCase());
  const start = /^[A-Za-z_$]/.test(camel) ? camel : `_${camel}`;
  let name = start;
  for (let n = 1; reserved.has(name) || taken.has(name); n++) name = n === 1 ? `${start}Module` : `${start}Module${n}`;
  return name;
}
