/**
 * One text for one value, so that values from two packages can be compared without trusting either package: prototype,
 * own keys in order, holes, sharing and cycles, the calls a spy noted; of other functions only their length.
 */
import type { Spy } from "./values.ts";

const depthMax = 8;

export function describe(value: unknown): string {
  const seen = new Map<object, number>();
  return say(value, 0);

  function say(one: unknown, depth: number): string {
    if (typeof one === "string") return JSON.stringify(one);
    if (typeof one === "number") return Object.is(one, -0) ? "-0" : String(one);
    if (typeof one === "bigint") return `${one}n`;
    if (typeof one === "symbol") return one.toString();
    if ((typeof one !== "object" && typeof one !== "function") || one === null) return String(one);
    const before = seen.get(one);
    if (before !== undefined) return `#${before}`;
    seen.set(one, seen.size);
    if (depth > depthMax) return "…";
    if (typeof one === "function") return `${sayFunction(one as Spy, depth)}${sayKeys(one, depth)}`;
    return `${nameOf(one)}${contentOf(one)}${sayKeys(one, depth)}`;
  }

  function sayFunction(one: Spy, depth: number): string {
    if (!Object.hasOwn(one, "calls")) return `function/${one.length}`;
    return `spy ${one.label}(${one.calls.map((args) => args.map((arg) => say(arg, depth + 1)).join(",")).join(" ; ")})`;
  }

  function sayKeys(one: object, depth: number): string {
    const entries =
      one instanceof Map || one instanceof Set
        ? [...one.entries()].map(([k, v]) => `${say(k, depth + 1)}=>${say(v, depth + 1)}`)
        : [];
    const keys = ArrayBuffer.isView(one)
      ? []
      : Reflect.ownKeys(one).filter((key) => Object.getOwnPropertyDescriptor(one, key)!.enumerable);
    return `{${[...entries, ...keys.map((key) => `${String(key)}:${say(Reflect.get(one, key), depth + 1)}`)].join(",")}}`;
  }
}

function nameOf(one: object): string {
  if (Object.getPrototypeOf(one) === null) return "null-prototype ";
  const constructor: unknown = Reflect.get(one, "constructor");
  const name = typeof constructor === "function" ? constructor.name : "?";
  return name === "Object" ? "" : `${name} `;
}

function contentOf(one: object): string {
  if (one instanceof Date) return `(${one.getTime()})`;
  if (one instanceof RegExp) return `(${String(one)}@${one.lastIndex})`;
  if (one instanceof Error) return `(${one.name}: ${one.message})`;
  if (one instanceof ArrayBuffer) return `(${Buffer.from(one).toString("hex")})`;
  if (ArrayBuffer.isView(one)) return `(${Buffer.from(one.buffer, one.byteOffset, one.byteLength).toString("hex")})`;
  const boxed = /^\[object (String|Number|Boolean)\]$/.test(Object.prototype.toString.call(one));
  // oxlint-disable-next-line typescript/no-base-to-string -- a boxed primitive says what it holds
  return boxed ? `(${String(one)})` : Array.isArray(one) ? `(${one.length})` : "";
}
