/**
 * The second pass: code that asks at run time in which module system it runs. In an ES module `typeof exports` is
 * "undefined", so such code still loads, but takes the browser's branch: no Buffer, no `util.types`, and a build that
 * hangs itself on the global object instead of exporting. The answer is known now, so the questions are folded away as
 * "yes, in a module system", by the role a variable plays and not by its name: minified builds are the same to it.
 */
import { isIdentifier, isMember, j, print, programOf, walk, type Collection, type Node, type Path } from "./ast.ts";

export type Folding = { text: string; done: string[]; left: string[] };

/** Names of the variables that hold the answers, null where the file does not ask. */
type Roles = { exports: string | null; module: string | null; both: string | null; process: string | null };

export function foldDetection(source: string): Folding {
  const root = j(source);
  const roles = findRoles(root);
  if (roles.exports === null && roles.module === null) return { text: source, done: [], left: [] };
  const done: string[] = [];
  if (replaceUniversalExport(root, roles)) done.push("the universal module wrapper exports by default");
  if (foldTests(root, roles) > 0) done.push("tests for CommonJS are folded");
  if (replaceModuleRequire(root, roles)) done.push("a built-in module comes from process.getBuiltinModule");
  const left = dropAnswers(root, roles);
  return { text: print(root), done, left };
}

function findRoles(root: Collection): Roles {
  const roles: Roles = { exports: null, module: null, both: null, process: null };
  const declarators = root
    .find(j["VariableDeclarator"])
    .filter((p) => p.node["init"] != null && isIdentifier(p.node["id"]));
  for (const { node } of declarators.paths()) {
    const [name, init] = [(node["id"] as Node)["name"] as string, node["init"] as Node];
    if (init.type === "FunctionExpression" || init.type === "CallExpression") continue;
    if (asksTypeOf(init, "exports")) roles.exports = name;
    else if (asksTypeOf(init, "module")) roles.module = name;
    else if (init.type === "LogicalExpression" && roles.module && comparesExports(init["right"] as Node, roles))
      roles.both = name;
    else if (
      init.type === "LogicalExpression" &&
      isIdentifier(init["left"], roles.both ?? "") &&
      isMember(init["right"], null, "process")
    )
      roles.process = name;
  }
  return roles;
}

function asksTypeOf(init: Node, name: string): boolean {
  let asks = false;
  walk(init, (node) => {
    if (node.type === "UnaryExpression" && node["operator"] === "typeof" && isIdentifier(node["argument"], name))
      asks = true;
  });
  return asks;
}

const comparesExports = (node: Node, roles: Roles): boolean =>
  node.type === "BinaryExpression" &&
  isMember(node["left"], roles.module, "exports") &&
  isIdentifier(node["right"], roles.exports ?? "");

/** Is this name, at this place, the file's own variable of that role? Minified code uses the same letters in inner scopes. */
function playsRole(path: Path, name: string | null, root: Collection): boolean {
  if (name === null || !isIdentifier(path.node, name)) return false;
  const declared = root.find(j["VariableDeclarator"], { id: { type: "Identifier", name } }).paths()[0];
  return declared !== undefined && path.scope?.lookup(name) === declared.scope?.lookup(name);
}

/**
 * `if (typeof define …) {…} else if (freeModule) { (freeModule.exports = _)._ = _; … } else {…}` at the end of
 * `;(function() {…}.call(this))` becomes `_._ = _; return _;` in `export default (function() {…}());`
 */
function replaceUniversalExport(root: Collection, roles: Roles): boolean {
  const exported = root
    .find(j["AssignmentExpression"])
    .filter(
      (p) =>
        isMember(p.node["left"], null, "_") &&
        isMember((p.node["left"]["object"] as Node)["left"], roles.module, "exports"),
    )
    .paths()[0];
  if (!exported) return false;
  let chain: Path | null = null;
  let wrapper: Path | null = null;
  for (let at: Path | null = exported; at; at = at.parent) {
    if (at.node.type === "IfStatement" || at.node.type === "ConditionalExpression") chain = at;
    if (at.node.type === "FunctionExpression") wrapper = at;
  }
  const statement = programOf(root)["body"].find(
    (s: Node) => s.type === "ExpressionStatement" && s["expression"].type === "CallExpression",
  ) as Node | undefined;
  if (!chain || !wrapper || !statement) return false;
  const value = exported.node["right"] as Node;
  const self = j["assignmentExpression"]!("=", j["memberExpression"]!(value, j["identifier"]!("_")), value);
  chain.replace(chain.node.type === "IfStatement" ? j["expressionStatement"]!(self) : self);
  (wrapper.node["body"]["body"] as Node[]).push(j["returnStatement"]!(value));
  exportWrapper(root, statement, wrapper.node);
  return true;
}

function exportWrapper(root: Collection, statement: Node, wrapper: Node): void {
  const program = programOf(root);
  const body = program["body"] as Node[];
  const whole = j["exportDefaultDeclaration"]!(j["callExpression"]!(wrapper, []));
  whole.comments = body.slice(0, body.indexOf(statement) + 1).flatMap((s) => s.comments ?? []);
  // The lone semicolon before the wrapper guarded against concatenated scripts.
  program["body"] = body.flatMap((s) => (s === statement ? [whole] : s.type === "EmptyStatement" ? [] : [s]));
}

function foldTests(root: Collection, roles: Roles): number {
  let folded = 0;
  const fold = (type: string, test: string, kept: string) => {
    for (const path of root.find(j[type]).paths().toReversed()) {
      const asked = path.node[test] as Node;
      const known = [roles.exports, roles.module, roles.both].some((name) =>
        playsRole({ ...path, node: asked, scope: path.scope }, name, root),
      );
      if (!known || isAnswer(path, roles)) continue;
      path.replace(path.node[kept] as Node);
      folded++;
    }
  };
  fold("LogicalExpression", "left", "right");
  fold("ConditionalExpression", "test", "consequent");
  return folded;
}

/** Inside the declaration of one of the answers themselves, which go as a whole. */
function isAnswer(path: Path, roles: Roles): boolean {
  for (let at: Path | null = path; at; at = at.parent) {
    if (at.node.type === "FunctionExpression" || at.node.type === "FunctionDeclaration") return false;
    if (at.node.type === "VariableDeclarator") {
      const name = (at.node["id"] as Node)["name"] as string;
      return name === roles.exports || name === roles.module || name === roles.both;
    }
  }
  return false;
}

/** `freeModule.require('util')` under a guard becomes `freeProcess.getBuiltinModule('util')` under a guard. */
function replaceModuleRequire(root: Collection, roles: Roles): boolean {
  if (roles.module === null || roles.process === null) return false;
  const uses = root
    .find(j["MemberExpression"])
    .filter((p) => isMember(p.node, roles.module, "require"))
    .paths();
  const builtin = () => j["memberExpression"]!(j["identifier"]!(roles.process), j["identifier"]!("getBuiltinModule"));
  for (const use of uses) {
    const called = use.parent?.node.type === "CallExpression" && use.parent.node["callee"] === use.node;
    use.replace(called ? builtin() : j["logicalExpression"]!("&&", j["identifier"]!(roles.process), builtin()));
  }
  return uses.length > 0;
}

/** Removes the variables that held the answers; one that is still read is reported. */
function dropAnswers(root: Collection, roles: Roles): string[] {
  const left: string[] = [];
  for (const name of [roles.both, roles.module, roles.exports]) {
    if (name === null) continue;
    const declarator = root.find(j["VariableDeclarator"], { id: { type: "Identifier", name } }).paths()[0]!;
    const read = root
      .find(j["Identifier"], { name })
      .filter((p) => p.node !== declarator.node["id"] && p.name !== "property" && playsRole(p, name, root));
    if (read.size() > 0)
      left.push(
        `line ${read.paths()[0]!.node.loc?.start.line ?? "?"}: ${name} is read in a way this pass does not know`,
      );
    else declarator.prune();
  }
  return left;
}
