/**
 * The first pass: the plain forms of CommonJS, as its authors meant them to be read. A require of a literal that
 * always runs when the module is loaded becomes an import; `module.exports = x` and `exports.x = …` become a default
 * export, so that an importer needs to know nothing of the form its target had. Whatever is not plain is left as it is
 * and reported.
 */
import {
  isIdentifier,
  isKey,
  isMember,
  isString,
  j,
  localName,
  namesIn,
  print,
  programOf,
  walk,
  type Collection,
  type Node,
  type Path,
} from "./ast.ts";

export type Conversion = {
  text: string;
  /** Files that the module now imports, as written. */
  imports: string[];
  /** What the module exported through; null: nothing that this pass can see. */
  exported: "module.exports" | "exports" | null;
  /** What looks like CommonJS and was left, one reason each. */
  left: string[];
};

/** Gives the specifier with which the same module is imported, or null where there is no such file. */
export type Resolve = (specifier: string) => string | null;

export function convertPlain(source: string, path: string, resolve: Resolve): Conversion {
  const root = j(source);
  const left: string[] = [];
  const imports = importsFor(root, resolve, left);
  const exported = exportsFor(root, path, left);
  if (imports.length === 0 && exported === null) return { text: source, imports: [], exported, left };
  const program = programOf(root);
  const body = program["body"] as Node[];
  const nodes = imports.map(({ local, from }) =>
    j["importDeclaration"]!([j["importDefaultSpecifier"]!(j["identifier"]!(local))], j["literal"]!(from)),
  );
  program["body"] = [...nodes, ...body];
  return { text: spaced(print(root), nodes.length), imports: imports.map((i) => i.from), exported, left };
}

type Import = { local: string; from: string };

function importsFor(root: Collection, resolve: Resolve, left: string[]): Import[] {
  const imports: Import[] = [];
  const taken = namesIn(programOf(root));
  const calls = root.find(j["CallExpression"], { callee: { type: "Identifier", name: "require" } }).paths();
  for (const call of calls.toSorted((a, b) => a.node.start - b.node.start)) {
    const [argument] = call.node["arguments"] as Node[];
    const line = call.node.loc.start.line;
    const from = isString(argument) ? resolve(argument.value) : null;
    if (!isString(argument)) left.push(`line ${line}: require of a computed name`);
    else if (from === null) left.push(`line ${line}: require of ${argument.value}, which is not a file of the package`);
    else if (!alwaysRuns(call)) left.push(`line ${line}: require that runs only under a condition or in a function`);
    else imports.push({ from, local: takeOut(call, root, imports, from, taken) });
  }
  return imports.filter(
    (one, index) => imports.findIndex((other) => other.local === one.local && other.from === one.from) === index,
  );
}

/** Replaces one require and returns the name under which its module is imported. */
function takeOut(call: Path, root: Collection, imports: Import[], from: string, taken: Set<string>): string {
  const declarator = call.parent!;
  const id = declarator.node["id"] as Node | undefined;
  if (declarator.node.type === "VariableDeclarator" && isIdentifier(id) && !reassigned(root, id!["name"] as string)) {
    keepComments(declarator);
    declarator.prune();
    return id!["name"] as string;
  }
  const before = imports.find((i) => i.from === from);
  const local = before?.local ?? localName(from, taken);
  taken.add(local);
  call.replace(j["identifier"]!(local));
  return local;
}

/** A comment above `var a = require('a')` speaks of the code that follows, and must not go with the declaration. */
function keepComments(declarator: Path): void {
  const declaration = declarator.parent!;
  const declared = declaration.node["declarations"] as Node[];
  if (declared.length > 1 || !declaration.node.comments?.length) return;
  const body = declaration.parent!.node["body"] as Node[];
  const next = body[body.indexOf(declaration.node) + 1];
  if (next) next.comments = [...declaration.node.comments, ...(next.comments ?? [])];
}

const running = new Set([
  "VariableDeclarator",
  "VariableDeclaration",
  "ExpressionStatement",
  "AssignmentExpression",
  "CallExpression",
  "MemberExpression",
  "ObjectExpression",
  "Property",
  "ArrayExpression",
  "File",
]);

function alwaysRuns(path: Path): boolean {
  for (let at = path.parent; at; at = at.parent) {
    if (at.node.type === "Program") return true;
    if (!running.has(at.node.type)) return false;
  }
  return true;
}

/** An imported name cannot be assigned to. */
function reassigned(root: Collection, name: string): boolean {
  const assigned = root.find(j["AssignmentExpression"]).filter((p) => isIdentifier(p.node["left"], name));
  const updated = root.find(j["UpdateExpression"]).filter((p) => isIdentifier(p.node["argument"], name));
  return assigned.size() + updated.size() > 0;
}

function exportsFor(root: Collection, path: string, left: string[]): Conversion["exported"] {
  const program = programOf(root);
  const body = program["body"] as Node[];
  const wholes = body.filter((s) => isMember(assignmentOf(s)?.["left"], "module", "exports"));
  if (wholes.length === 1) {
    const at = body.indexOf(wholes[0]!);
    const whole = j["exportDefaultDeclaration"]!(assignmentOf(wholes[0]!)!["right"]);
    whole.comments = wholes[0]!.comments ?? null;
    body[at] = whole;
    return "module.exports";
  }
  if (wholes.length > 1) left.push("module.exports is assigned more than once");
  const singles = body.filter((s) => namedExport(s) !== null);
  // A file that asks whether `exports` exists does not use it plainly: it detects its surroundings.
  const detects =
    root.find(j["UnaryExpression"], { operator: "typeof", argument: { type: "Identifier", name: "exports" } }).size() >
    0;
  if (singles.length === 0 || detects || wholes.length > 0) return null;
  const local = localName(path, namesIn(program));
  walk(program, (node, parents) => {
    if (isIdentifier(node, "exports") && !isKey(node, parents.at(-1))) node["name"] = local;
  });
  const object = j["variableDeclaration"]!("var", [
    j["variableDeclarator"]!(j["identifier"]!(local), j["objectExpression"]!([])),
  ]);
  program["body"] = [object, ...body, j["exportDefaultDeclaration"]!(j["identifier"]!(local))];
  return "exports";
}

const assignmentOf = (statement: Node): Node | null => {
  const expression = statement.type === "ExpressionStatement" ? (statement["expression"] as Node) : null;
  return expression?.type === "AssignmentExpression" && expression["operator"] === "=" ? expression : null;
};

function namedExport(statement: Node): string | null {
  const target = assignmentOf(statement)?.["left"] as Node | undefined;
  if (target?.type !== "MemberExpression" || target["computed"] || !isIdentifier(target["object"], "exports"))
    return null;
  return (target["property"] as Node)["name"] as string;
}

/** The printer leaves what stood below the removed requires: one blank line between the imports and the rest. */
function spaced(text: string, imports: number): string {
  const lines = text.replace(/^\n+/, "").split("\n");
  if (imports === 0) return lines.join("\n");
  const last = lines.findLastIndex((line) => /^import .* from '.*';$/.test(line));
  const rest = lines
    .slice(last + 1)
    .join("\n")
    .replace(/^\n+/, "");
  return `${lines.slice(0, last + 1).join("\n")}\n\n${rest.trimEnd()}\n`;
}
