/**
 * Inputs for the comparison. fast-check draws recipes, not values: the original and the migrated function each get a
 * value of their own made from the same recipe, so that what one changes the other does not see.
 */
import * as fc from "fast-check";

export type Recipe = () => unknown;
/** A function that notes how it is called. */
export type Spy = ((...args: unknown[]) => unknown) & { label: string; calls: unknown[][] };

const callsNotedMax = 40;

function spy(label: string, body: (...args: unknown[]) => unknown, arity: number): Recipe {
  return () => {
    const calls: unknown[][] = [];
    const noted = (...args: unknown[]) => {
      if (calls.length < callsNotedMax) calls.push(args);
      return body(...args);
    };
    Object.defineProperty(noted, "length", { value: arity, configurable: true });
    // Not enumerable: a function that copies its argument's properties must not copy the notes.
    return Object.defineProperties(noted, { label: { value: label }, calls: { value: calls } });
  };
}

class Point {
  x: unknown;
  y: unknown;
  constructor(x: unknown, y: unknown) {
    this.x = x;
    this.y = y;
  }
  norm(): string {
    return `${String(this.x)}|${String(this.y)}`;
  }
}

const circular = (): unknown => {
  const self: { a: number; me?: unknown } = { a: 1 };
  self.me = self;
  return self;
};
const argumentsObject: (...args: unknown[]) => unknown = function () {
  return arguments;
};

const number = fc.constantFrom(0, 1, 2, 3, 5, -1, -2, 0.5, 2.75, NaN, -0, 10, 100);
const text = fc.constantFrom(
  "",
  "a",
  "b",
  "ab",
  "a b",
  "fooBar",
  "Foo Bar-baz",
  "__FOO_bar__",
  "  x ",
  "déjà vu",
  "<a & 'b'>",
  "&lt;&#39;",
  "1",
  "-2.5",
  "0x1f",
  "ab🍕c",
  "a.b",
  "a[0].b",
  "length",
  "constructor",
  "hi <%= a %>!",
  "<% a %><%- b %>${a}",
);
const key = fc.constantFrom("a", "b", "c", "a.b", "a[0].b", "x.y.z", "length", "0", "1", "name", "missing");
const of = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<Recipe> => arbitrary.map((value) => () => value);
const arrayOf = (items: fc.Arbitrary<Recipe>, maxLength = 6): fc.Arbitrary<Recipe> =>
  fc.array(items, { maxLength }).map((recipes) => () => recipes.map((recipe) => recipe()));
const objectOf = (values: fc.Arbitrary<Recipe>): fc.Arbitrary<Recipe> =>
  fc
    .dictionary(fc.constantFrom("a", "b", "c", "d", "0", "1", "name"), values, { maxKeys: 4, noNullPrototype: true })
    .map((recipes) => () => Object.fromEntries(Object.entries(recipes).map(([name, recipe]) => [name, recipe()])));

const scalar = fc.oneof(of(number), of(text), of(fc.constantFrom(null, undefined, true, false)));
const special = fc.constantFrom<Recipe>(
  () => new Date(5),
  () => /a(b)?/gi,
  () =>
    new Map<unknown, unknown>([
      ["a", 1],
      [{ b: 2 }, [3]],
    ]),
  () => new Set<unknown>([1, "a", [2]]),
  () => Symbol.for("s"),
  () => new Uint8Array([3, 1, 2]),
  () => new Float64Array([1.5, -0]),
  () => Buffer.from("hey"),
  () => new ArrayBuffer(4),
  () => new DataView(new ArrayBuffer(2)),
  () => new RangeError("no"),
  () => Object("boxed") as unknown,
  () => Object(1) as unknown,
  () => Object.create(null) as unknown,
  () => new Point(1, [2]),
  () => new WeakMap(),
  () => 9n,
  () => argumentsObject(1, "b"),
  circular,
  // oxlint-disable-next-line unicorn/no-new-array -- its holes are what lodash is asked about
  () => Object.assign(new Array<unknown>(3), [1]),
  () => Object.assign([1, 2], { index: 1, input: "x" }),
);

const scopes = { frozen: Object.freeze, sealed: Object.preventExtensions };
const fixedNow = (recipes: fc.Arbitrary<Recipe>): fc.Arbitrary<Recipe> =>
  fc
    .tuple(recipes, fc.constantFrom(null, null, null, null, scopes.frozen, scopes.sealed))
    .map(([recipe, fix]) => () => {
      const value = recipe();
      return fix === null || ArrayBuffer.isView(value) ? value : fix<unknown>(value);
    });

const leaf = fc.oneof({ weight: 4, arbitrary: scalar }, { weight: 1, arbitrary: special });
const shallow = fc.oneof(leaf, arrayOf(leaf, 4), objectOf(leaf));
const record = fc.tuple(leaf, leaf, fc.nat(3)).map(([a, b, c]): Recipe => () => ({ a: a(), b: b(), c }));
const made = fc.constantFrom<Recipe>(
  () => new Point(1, { a: 1 }),
  spy("object", (a) => a, 2),
  () => Object.create({ a: 1, inherited: [1] }) as unknown,
);
const object = fixedNow(fc.oneof(objectOf(shallow), record, objectOf(objectOf(leaf)), made));
const large = arrayOf(of(fc.nat(3)), 220);
const array = fixedNow(
  fc.oneof(
    { weight: 4, arbitrary: arrayOf(leaf) },
    { weight: 4, arbitrary: arrayOf(of(number), 8) },
    { weight: 3, arbitrary: arrayOf(of(text)) },
    { weight: 3, arbitrary: arrayOf(record) },
    { weight: 1, arbitrary: large },
  ),
);
const deep = fixedNow(arrayOf(fc.oneof(leaf, arrayOf(fc.oneof(leaf, arrayOf(leaf, 3)), 3))));

const iteratee = fc.constantFrom<Recipe>(
  spy("identity", (a) => a, 1),
  spy("typeof", (a) => typeof a, 1),
  spy("field a", (a) => (a as { a?: unknown } | null | undefined)?.a, 1),
  spy("key", (_, k) => k, 2),
  spy("pair", (a, b) => [a, b], 2),
  spy("truth", Boolean, 1),
  spy("kind", (a) => Object.prototype.toString.call(a), 1),
  spy("less", (a, b) => typeof a === "number" && typeof b === "number" && a < b, 2),
  spy("same", (a, b) => a === b, 2),
  spy("joined", (a, b) => (Array.isArray(a) ? (a.concat(b) as unknown) : undefined), 2),
  spy("undefined", () => undefined, 0),
  spy(
    "throws",
    () => {
      throw new TypeError("from the callback");
    },
    1,
  ),
  spy("three", (a, b, c) => [a, b, c], 3),
);
const match = fc.tuple(key, leaf).map(([name, recipe]): Recipe => () => [name, recipe()]);
const shorthand = fc.oneof(
  { weight: 4, arbitrary: iteratee },
  { weight: 2, arbitrary: of(key) },
  { weight: 1, arbitrary: record },
  { weight: 1, arbitrary: match },
  { weight: 1, arbitrary: of(fc.constantFrom(undefined, null)) },
);
const mostly = (usual: fc.Arbitrary<Recipe>, weight: number): fc.Arbitrary<Recipe> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: leaf });

/** What the words of a signature stand for. Integers are small: `times` of a date or of 1e9 would only wait. */
const kinds: { [kind: string]: fc.Arbitrary<Recipe> } = {
  any: fc.oneof(special, shallow, object, array, iteratee),
  arr: mostly(array, 9),
  deep,
  coll: fc.oneof(
    { weight: 4, arbitrary: array },
    { weight: 3, arbitrary: object },
    { weight: 1, arbitrary: of(text) },
    { weight: 1, arbitrary: special },
  ),
  obj: fc.oneof({ weight: 9, arbitrary: object }, { weight: 2, arbitrary: shallow }, { weight: 1, arbitrary: special }),
  fn: mostly(iteratee, 15),
  fns: arrayOf(iteratee, 3),
  it: shorthand,
  int: of(fc.constantFrom(0, 1, 2, 3, 4, 7, -1, -3, 1.6, undefined, NaN, "2", null)),
  num: mostly(of(number), 5),
  str: mostly(of(text), 8),
  key: fc.oneof(
    { weight: 6, arbitrary: of(key) },
    { weight: 2, arbitrary: arrayOf(of(key), 3) },
    { weight: 1, arbitrary: leaf },
  ),
  keys: arrayOf(of(key), 3),
  fixedarr: array.map(
    (recipe): Recipe =>
      () =>
        Object.freeze(recipe()),
  ),
  fixedobj: fc.oneof(objectOf(shallow), record).map(
    (recipe): Recipe =>
      () =>
        Object.freeze(recipe()),
  ),
  methods: of(fc.constantFrom("a", "b")).chain((name) =>
    iteratee.map((func): Recipe => () => ({ [name() as string]: func() })),
  ),
  pairs: arrayOf(match),
  tests: arrayOf(
    fc.tuple(iteratee, iteratee).map(([test, then]): Recipe => () => [test(), then()]),
    3,
  ),
  dirs: of(fc.constantFrom(undefined, "asc", "desc")),
  flag: of(fc.constantFrom(undefined, true, false)),
};

/** Argument lists for a signature such as `arr int`, fixed by the seed: none, all undefined, and `count` drawn ones. */
export function draw(signature: string, seed: number, count: number): Recipe[][] {
  const parts = signature.split(" ").map((kind) => {
    const arbitrary = kinds[kind];
    if (!arbitrary)
      throw new Error(`no values of kind ${JSON.stringify(kind)} (signature ${JSON.stringify(signature)})`);
    return arbitrary;
  });
  // Chance seldom leaves out every argument at once, and default values show only then.
  const edges: Recipe[][] = [[], parts.map(() => () => undefined)];
  return [...edges, ...fc.sample(fc.tuple(...parts), { seed, numRuns: count })];
}
