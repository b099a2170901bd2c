/** What stands around the modules: package.json and the examples in the README. */
import { isMember, isIdentifier, isString, j, print, type Node } from "./ast.ts";

/** ES modules, reached by the same paths as before: `lodash`, `lodash/at`, `lodash/at.js`, `lodash/fp/curryN`. */
export function describePackage(text: string): string {
  const { type: _, exports: __, ...rest } = JSON.parse(text) as { [field: string]: unknown; main?: string };
  const entries = Object.entries(rest).flatMap(([field, value]) =>
    field === "main"
      ? [
          [field, value],
          ["type", "module"],
          ["exports", exportsMap(String(value))],
        ]
      : [[field, value]],
  );
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

const exportsMap = (main: string) => ({
  ".": `./${main.replace(/^\.\//, "")}`,
  "./package.json": "./package.json",
  "./*.js": "./*.js",
  "./*": "./*.js",
});

/** The examples load one module per line, several under one name: each line is a program of its own. */
export function convertReadme(text: string): string {
  return text.replace(
    /(```js\n)([\s\S]*?)(```)/g,
    (_, open: string, code: string, close: string) => open + code.split("\n").map(convertLine).join("\n") + close,
  );
}

function convertLine(line: string): string {
  if (!line.includes("require(")) return line;
  const root = j(line);
  const declarator = root.find(j["VariableDeclarator"], { init: { type: "CallExpression" } }).paths()[0];
  const init = declarator?.node["init"] as Node | undefined;
  const argument = (init?.["arguments"] as Node[] | undefined)?.[0];
  if (
    !declarator ||
    isMember(init?.["callee"], null, "require") ||
    !isIdentifier(init?.["callee"], "require") ||
    !isString(argument)
  )
    return line;
  declarator.parent!.replace(
    j["importDeclaration"]!([j["importDefaultSpecifier"]!(declarator.node["id"])], j["literal"]!(argument.value)),
  );
  return print(root);
}
