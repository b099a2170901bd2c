/** Which arguments the public functions take: one line per shape, in the words of `values.ts`. */
const shapes: { [signature: string]: string } = {
  "arr int": "chunk drop dropRight take takeRight nth sampleSize",
  arr: "compact head first last initial tail uniq sortedUniq reverse fromPairs sample shuffle sum mean max min join concat zip without",
  "arr arr": "difference intersection union xor pullAll zipObject concat zip without",
  "arr any any": "without pull concat",
  "arr arr it": "differenceBy intersectionBy unionBy xorBy pullAllBy zipWith",
  "arr arr fn": "differenceWith intersectionWith unionWith xorWith pullAllWith zipWith",
  "arr it":
    "dropWhile dropRightWhile takeWhile takeRightWhile findIndex findLastIndex uniqBy sortedUniqBy remove sumBy meanBy maxBy minBy unzipWith",
  "arr fn": "uniqWith unzipWith",
  "arr any int int": "fill",
  "arr any int": "indexOf lastIndexOf includes",
  "arr any": "sortedIndex sortedLastIndex sortedIndexOf sortedLastIndexOf",
  "arr any it": "sortedIndexBy sortedLastIndexBy",
  "arr int int": "slice",
  "arr str": "join",
  deep: "flatten flattenDeep unzip",
  "deep int": "flattenDepth",
  "arr keys": "pullAt",
  pairs: "fromPairs unzip",
  "keys arr": "zipObject zipObjectDeep",
  "coll it":
    "map flatMap flatMapDeep filter reject find findLast every some partition countBy groupBy keyBy sortBy each eachRight forEach forEachRight",
  "coll it int": "flatMapDepth",
  "coll fn any": "reduce reduceRight transform",
  "coll key any": "invokeMap",
  "coll keys dirs": "orderBy",
  coll: "size toArray values keys keysIn isEmpty sample shuffle",
  "coll any int": "includes",
  "obj obj": "assign assignIn extend defaults defaultsDeep merge isMatch create",
  "obj obj obj": "assign assignIn defaults defaultsDeep merge",
  "obj obj fn": "assignWith assignInWith extendWith mergeWith isMatchWith",
  "obj key": "get has hasIn unset result at pick omit invoke",
  "obj keys": "at pick omit bindAll",
  "obj key any": "set update get result invoke",
  "obj key any fn": "setWith",
  "obj key fn": "update",
  "obj key fn fn": "updateWith",
  "obj it": "findKey findLastKey mapKeys mapValues pickBy omitBy invertBy forIn forInRight forOwn forOwnRight",
  obj: "invert entries entriesIn toPairs toPairsIn values valuesIn keys keysIn functions functionsIn toPlainObject clone cloneDeep property propertyOf matches conforms method methodOf",
  any:
    "castArray clone cloneDeep isArguments isArray isArrayBuffer isArrayLike isArrayLikeObject isBoolean isBuffer isDate isElement isEmpty isError isFinite " +
    "isFunction isInteger isLength isMap isNaN isNative isNil isNull isNumber isObject isObjectLike isPlainObject isRegExp isSafeInteger isSet isString " +
    "isSymbol isTypedArray isUndefined isWeakMap isWeakSet toFinite toInteger toLength toNumber toPath toSafeInteger toString constant identity noop " +
    "stubArray stubFalse stubObject stubString stubTrue uniqueId iteratee now chain property propertyOf nthArg",
  "any any": "eq gt gte lt lte isEqual defaultTo",
  "any fn": "cloneWith cloneDeepWith tap thru",
  "any any fn": "isEqualWith",
  "obj any": "conformsTo isMatch",
  "num num": "add subtract multiply divide",
  "num int": "ceil floor round",
  "num num num": "clamp inRange",
  "int int int": "range rangeRight",
  "int int flag": "random",
  "int fn": "times after before",
  str:
    "camelCase capitalize deburr escape escapeRegExp kebabCase lowerCase lowerFirst snakeCase startCase toLower toUpper trim trimEnd trimStart unescape " +
    "upperCase upperFirst words toPath uniqueId template",
  "str str": "trim trimEnd trimStart words parseInt",
  "str str int": "startsWith endsWith split",
  "str str str": "replace",
  "str int": "repeat truncate parseInt",
  "str obj": "truncate template",
  "str int str": "pad padEnd padStart",
  "fn int": "ary curry curryRight nthArg debounce throttle rest spread",
  "fn any any": "bind partial partialRight delay defer wrap",
  fn: "flip memoize negate once unary iteratee attempt defer",
  "fn any": "attempt wrap",
  "fn fn": "memoize flow flowRight overArgs",
  "fn int obj": "debounce throttle",
  fns: "flow flowRight over overEvery overSome",
  "fn keys": "rearg",
  "obj key any any": "bindKey",
  "key any": "matchesProperty method property",
  "any keys": "methodOf propertyOf",
  tests: "cond",
  "obj obj flag": "mixin",
  // Every function that changes its argument, on one that cannot be changed: strict code throws where sloppy code went on.
  "fixedarr any": "fill pull remove reverse",
  "fixedarr arr": "pullAll pullAt",
  "fixedobj obj": "assign assignIn extend defaults defaultsDeep merge mixin",
  "fixedobj methods": "mixin bindAll",
  "fixedobj keys": "bindAll pullAt",
  "fixedobj key": "unset",
  "fixedobj key any": "set setWith",
  "fixedobj key fn": "update updateWith",
};

/** By function; one that no line names is called with anything. */
export const signatures: ReadonlyMap<string, string[]> = collected();

function collected(): Map<string, string[]> {
  const byFunction = new Map<string, string[]>();
  for (const [signature, names] of Object.entries(shapes)) {
    for (const name of names.split(" ")) byFunction.set(name, [...(byFunction.get(name) ?? []), signature]);
  }
  return byFunction;
}

/** Not compared, each for its reason: a function, or one of one build. */
export const excluded: { [name: string]: string } = {
  runInContext: "makes another lodash, whose functions differ by identity; fp.js is built from one and is compared",
  noConflict: "puts back a global variable that a module never took",
  "fp.js mixin":
    "given no function, copies all of lodash onto a sloppy `this`, the global object, which an ES module does not have",
};
