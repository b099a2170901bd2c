/** The part of jscodeshift that this example uses; the package ships no types. Only the core: no runner, no CLI. */
declare module "jscodeshift/src/core.js" {
  /** An ESTree node. Its fields depend on its type, which a codemod checks before it reads them. */
  export interface Node {
    type: string;
    start: number;
    end: number;
    loc: { start: { line: number; column: number } };
    comments?: Node[] | null;
    // oxlint-disable-next-line typescript/no-explicit-any
    [field: string]: any;
  }
  export interface Path {
    node: Node;
    parent: Path | null;
    name: string | number;
    scope: { lookup(name: string): unknown } | null;
    replace(...nodes: Node[]): unknown;
    prune(): unknown;
  }
  export interface Collection {
    find(type: unknown, filter?: object): Collection;
    filter(keep: (path: Path) => boolean): Collection;
    paths(): Path[];
    size(): number;
    toSource(options?: { quote?: "single" | "double"; lineTerminator?: string }): string;
  }
  export interface Codemod {
    (source: string): Collection;
    [builder: string]: (...args: unknown[]) => Node;
  }
  const core: { withParser(name: string): Codemod };
  export default core;
}
declare module "jscodeshift/src/getParser.js" {
  import type { Node } from "jscodeshift/src/core.js";
  export default function getParser(name: string): { parse(source: string): Node };
}
