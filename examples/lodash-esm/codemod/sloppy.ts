/**
 * A third kind of change, for what only running the package shows: an ES module is always strict, and strict code throws
 * where a CommonJS file silently went on, when it writes to a frozen object or deletes a fixed property. A write at a
 * reported place becomes `Reflect.set`, a delete `Reflect.deleteProperty`, which ignore what cannot be done as before.
 */
import { j, print, type Node, type Path } from "./ast.ts";

export type Place = { line: number; column: number };
export type Loosening = { text: string; done: string[]; left: string[] };

/** Lines and columns count from 1, as in a stack trace. */
export function loosenWrites(source: string, places: Place[]): Loosening {
  const root = j(source);
  const done: string[] = [];
  const left: string[] = [];
  const starts = lineStarts(source);
  const writes = [
    ...root.find(j["AssignmentExpression"], { operator: "=", left: { type: "MemberExpression" } }).paths(),
    ...root.find(j["UnaryExpression"], { operator: "delete", argument: { type: "MemberExpression" } }).paths(),
  ];
  // All places are looked up before the first change, while the positions are still those of the trace.
  const found = places.map((place) => {
    const offset = (starts[place.line - 1] ?? -1) + place.column - 1;
    const around = writes.filter((p) => p.node.start <= offset && offset < p.node.end);
    return { place, path: around.toSorted((a, b) => a.node.end - a.node.start - (b.node.end - b.node.start))[0] };
  });
  for (const { place, path } of found) {
    const at = `line ${place.line}, column ${place.column}`;
    if (!path) left.push(`${at}: there is no write to a property and no delete`);
    else if (path.node.type === "UnaryExpression") done.push(loosenDelete(path));
    else if (valueIsUnused(path)) done.push(loosenAssignment(path));
    else left.push(`${at}: the value of the assignment is used`);
  }
  return { text: done.length > 0 ? print(root) : source, done, left };
}

const reflect = (method: string, target: Node, ...rest: Node[]): Node =>
  j["callExpression"]!(j["memberExpression"]!(j["identifier"]!("Reflect"), j["identifier"]!(method)), [
    // Reflect takes no primitives, which a sloppy write accepts and forgets.
    j["callExpression"]!(j["identifier"]!("Object"), [target]),
    ...rest,
  ]);

const keyOf = (member: Node): Node =>
  member["computed"] ? (member["property"] as Node) : j["literal"]!((member["property"] as Node)["name"]);

function loosenAssignment(path: Path): string {
  const member = path.node["left"] as Node;
  path.replace(reflect("set", member["object"] as Node, keyOf(member), path.node["right"] as Node));
  return "a write that may fail is ignored as before";
}

function loosenDelete(path: Path): string {
  const member = path.node["argument"] as Node;
  path.replace(reflect("deleteProperty", member["object"] as Node, keyOf(member)));
  return "a delete that may fail returns false as before";
}

function valueIsUnused(path: Path): boolean {
  const parent = path.parent;
  if (!parent) return false;
  switch (parent.node.type) {
    case "ExpressionStatement":
      return true;
    case "ConditionalExpression":
      return parent.node["test"] !== path.node && valueIsUnused(parent);
    case "LogicalExpression":
      return parent.node["right"] === path.node && valueIsUnused(parent);
    case "SequenceExpression":
      return (parent.node["expressions"] as Node[]).at(-1) !== path.node || valueIsUnused(parent);
    case "ForStatement":
      return parent.node["update"] === path.node || parent.node["init"] === path.node;
    default:
      return false;
  }
}

function lineStarts(source: string): number[] {
  const starts = [0];
  for (const match of source.matchAll(/\n/g)) starts.push(match.index + 1);
  return starts;
}
