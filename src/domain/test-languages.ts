/**
 * What tests look like in common languages, as data: which files hold them, what counts as a case, as an assertion, and as
 * a mark that keeps a case from running or from counting. Patterns see code without comments and with empty texts. They count
 * occurrences, so that a change can be told; that the count is right is not needed.
 */

export type TestLanguage = {
  /** What is left out before anything is counted: comments, and what stands in texts. */
  comments: "slashes" | "hash" | "dashes";
  cases: RegExp;
  assertions: RegExp;
  /** What it is called, and where it stands. */
  marks: readonly (readonly [name: string, pattern: RegExp])[];
  /** Tests stand in the same files as what they test. */
  inline?: true;
};

/** Chains are bounded, so that no text makes a pattern look at the same place again and again. */
const javascript: TestLanguage = {
  comments: "slashes",
  cases: /(?<![.\w$])(?:it|test|specify)(?:\s*\.\s*[a-zA-Z]+){0,4}\s*[(`]|(?<![.\w$])(?:[xf]it|xtest)\s*\(/g,
  assertions:
    /\b(?:expect|assert)(?:\.[a-zA-Z]+){0,4}\s*\(|\bt\.(?:is|not|deepEqual|like|true|false|truthy|falsy|throws|throwsAsync|equal|same|ok|match|regex|snapshot)\s*\(|\.should\b/g,
  marks: [
    [
      "skip",
      /(?<![.\w$])(?:it|test|describe|suite|context|specify|bench|t|this|ctx)(?:\s*\.\s*[a-zA-Z]+){0,4}\s*\.\s*skip(?:If)?\s*[(`.]|(?<![.\w$])x(?:it|test|describe|context|specify)\s*[(`]|(?<![.\w$])(?:it|test|describe|suite)\s*\[|\bskip\s*:\s*(?:true\b|["'`!]|process\b)/g,
    ],
    [
      "only",
      /(?<![.\w$])(?:it|test|describe|suite|context|specify|bench)(?:\s*\.\s*[a-zA-Z]+){0,4}\s*\.\s*only\s*[(`.]|(?<![.\w$])f(?:it|describe|context)\s*[(`]|\bonly\s*:\s*true\b/g,
    ],
    ["todo", /(?<![.\w$])(?:it|test|describe|t)\s*\.\s*todo\s*[(`]|\btodo\s*:\s*(?:true\b|["'`])/g],
    ["fails", /(?<![.\w$])(?:it|test)\s*\.\s*(?:fails|failing|fixme|runIf)\s*[(`.]/g],
  ],
};

const python: TestLanguage = {
  comments: "hash",
  cases: /^[ \t]*(?:async[ \t]+)?def[ \t]+test\w*[ \t]*\(/gm,
  assertions:
    /\bassert\b|\bself\.assert\w+\s*\(|\bself\.fail\s*\(|\bpytest\.(?:raises|warns|fail)\s*\(|\.assert_\w+\s*\(/g,
  marks: [
    ["skip", /\bmark\.skip(?:if)?\b|@(?:unittest\.)?skip(?:If|Unless)?\b|\bpytest\.(?:skip|importorskip)\s*\(/g],
    ["skipTest", /\bskipTest\s*\(|\bSkipTest\b/g],
    ["xfail", /\bmark\.xfail\b|\bpytest\.xfail\s*\(|\bexpectedFailure\b/g],
    ["not collected", /\bcollect_ignore(?:_glob)?\b|\b__test__\s*=\s*False\b/g],
  ],
};

const go: TestLanguage = {
  comments: "slashes",
  cases: /^func[ \t]+(?:\([^)\n]{0,200}\)[ \t]*)?(?:Test|Fuzz|Example|Benchmark)\w*\s*\(|\b[tb]\.Run\s*\(/gm,
  assertions:
    /\b[tbf]\.(?:Error|Errorf|Fatal|Fatalf|Fail|FailNow)\s*\(|\b(?:assert|require|is|qt)\.[A-Z]\w*\s*\(|\bExpect\s*\(/g,
  marks: [
    ["t.Skip", /\b[tbf]\.(?:Skip|Skipf|SkipNow)\s*\(/g],
    ["testing.Short", /\btesting\.Short\s*\(/g],
    ["focus or pending", /\b[FXP](?:It|Describe|Context|Specify)\s*\(/g],
  ],
};

const rust: TestLanguage = {
  comments: "slashes",
  cases: /#\s*\[\s*(?:\w+\s*::\s*)*(?:test|rstest|test_case|quickcheck|proptest|wasm_bindgen_test)\b/g,
  assertions: /\b(?:debug_|prop_)?assert\w*\s*!|\bpanic\s*!|\bunreachable\s*!/g,
  marks: [
    ["#[ignore]", /#\s*\[\s*ignore\b/g],
    ["#[cfg_attr(…, ignore)]", /#\s*\[\s*cfg_attr\b[^\]\n]{0,200}\bignore\b/g],
    ["#[should_panic]", /#\s*\[\s*should_panic\b/g],
  ],
  inline: true,
};

const java: TestLanguage = {
  comments: "slashes",
  cases:
    /@(?:Test|ParameterizedTest|RepeatedTest|TestFactory|TestTemplate|Property|Theory)\b|\b(?:test|should|it)\s*\(\s*""/g,
  assertions: /\b(?:assert|expect|verify|check)\w*\s*[({]|\bfail\s*\(|\bassert\b|\.should\w*\b/g,
  marks: [
    ["@Ignore", /@Ignore\b/g],
    ["@Disabled", /@Disabled\w*\b|@(?:Enabled)(?:If|On)\w*\b/g],
    ["enabled = false", /\benabled\s*=\s*false\b/g],
    ["assume", /\bassum(?:e|ing)\w*\s*\(/g],
    ["ignore", /\bignore\s*\(\s*""|\bpending\b/g],
  ],
};

const csharp: TestLanguage = {
  comments: "slashes",
  cases: /\[\s*(?:Fact|Theory|Test|TestCase|TestCaseSource|TestMethod|DataTestMethod|DataRow|InlineData)\b/g,
  assertions: /\bAssert\s*\.|\bAssert\w*\s*\(|\.Should\w*\s*\(|\.Verify\w*\s*\(/g,
  marks: [
    ["[Ignore]", /[[,]\s*(?:Ignore|Explicit)\b/g],
    ["Skip =", /\bSkip\s*=/g],
    ["Assert.Ignore", /\bAssert\s*\.\s*(?:Ignore|Inconclusive|Skip)\w*\s*\(/g],
  ],
};

const ruby: TestLanguage = {
  comments: "hash",
  cases: /^[ \t]*(?:it|specify|scenario|example|test|should)\b(?=[ \t(]*(?:""|''|do\b|\{))|\bdef[ \t]+test_\w+/gm,
  assertions: /\bexpect\s*[({]|\b(?:assert|refute)\w*\b|\.(?:must|wont)_\w+|\.should\b|\bis_expected\b/g,
  marks: [
    ["skip", /\bskip\b/g],
    ["pending", /\bpending\b/g],
    ["xit", /\bx(?:it|describe|context|specify|scenario|example)\b/g],
    ["focus", /\bf(?:it|describe|context|specify|scenario|example)\b|\bfocus\s*:|:focus\b/g],
  ],
};

const php: TestLanguage = {
  comments: "slashes",
  cases: /\bfunction\s+test\w*\s*\(|#\[\s*Test\b|\b(?:it|test)\s*\(\s*(?:""|'')/gi,
  assertions: /(?:->|::)\s*assert\w*\s*\(|\bexpect\s*\(|(?:->|::)\s*expect\w*\s*\(|->\s*to[A-Z]\w*\s*\(/g,
  marks: [
    ["markTestSkipped", /\bmarkTest(?:Skipped|Incomplete)\w*\s*\(/g],
    ["skip", /->\s*(?:skip|todo)\s*\(/g],
    ["only", /->\s*only\s*\(/g],
  ],
};

const c: TestLanguage = {
  comments: "slashes",
  cases:
    /\b(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P|TEST_CASE|TEST_CASE_METHOD|SCENARIO|SECTION|BOOST_\w*TEST_CASE|START_TEST)\s*\(/g,
  assertions:
    /\b(?:EXPECT|ASSERT|CHECK|REQUIRE|BOOST_(?:CHECK|REQUIRE|TEST)|ck_assert|TEST_ASSERT)\w*\s*\(|\bassert\s*\(/g,
  marks: [
    ["GTEST_SKIP", /\bGTEST_SKIP\s*\(|\bSKIP\s*\(/g],
    ["DISABLED_", /\bDISABLED_\w+/g],
    ["#if 0", /^[ \t]*#[ \t]*if[ \t]+0\b/gm],
  ],
};

const swift: TestLanguage = {
  comments: "slashes",
  cases: /\bfunc\s+test\w*\s*\(|@Test\b/g,
  assertions: /\bXCTAssert\w*\s*\(|\bXCTFail\s*\(|\bXCTUnwrap\s*\(|#(?:expect|require)\b/g,
  marks: [
    ["XCTSkip", /\bXCTSkip\w*\b/g],
    [".disabled", /\.\s*disabled\s*\(/g],
    ["withKnownIssue", /\bwithKnownIssue\b|\bXCTExpectFailure\b/g],
  ],
};

const elixir: TestLanguage = {
  comments: "hash",
  cases: /^[ \t]*(?:test|property)\b/gm,
  assertions: /\b(?:assert|refute)\w*\b/g,
  marks: [["skip", /@(?:tag|moduletag|describetag)\s+:?skip\b/g]],
};

const dart: TestLanguage = {
  comments: "slashes",
  cases: /\b(?:test|testWidgets)\s*\(/g,
  assertions: /\bexpect\w*\s*\(|\bverify\w*\s*\(/g,
  marks: [
    ["skip", /\bskip\s*:(?!\s*false\b)|@Skip\b/g],
    ["solo", /\bsolo\s*:\s*true\b|\bsolo_?[a-zA-Z]+\s*\(/g],
  ],
};

const shell: TestLanguage = {
  comments: "hash",
  cases: /^[ \t]*@test\b|^[ \t]*(?:function[ \t]+)?test_?\w*[ \t]*\(\)|\btest_expect_(?:success|failure)\b/gm,
  assertions: /\bassert\w*\b|\[\[?[ \t]|\btest[ \t]+-|\bgrep\b|\bdiff\b|\bcmp\b/g,
  marks: [
    ["skip", /^[ \t]*skip\b/gm],
    ["expect_failure", /\btest_expect_failure\b/g],
  ],
};

const lua: TestLanguage = {
  comments: "dashes",
  cases: /\b(?:it|test)\s*\(/g,
  assertions: /\bassert\b|\bluaunit\.\w+\s*\(/g,
  marks: [["pending", /\bpending\s*\(/g]],
};

const haskell: TestLanguage = {
  comments: "dashes",
  cases: /\b(?:it|prop|testCase|testProperty|specify)\b/g,
  assertions: /\bshould\w+\b|@\?=|@=\?|@\?|\bassert\w*\b|===/g,
  marks: [
    ["pending", /\bpending(?:With)?\b|\bx(?:it|describe|specify|context)\b/g],
    ["focus", /\bf(?:it|describe|specify|context)\b/g],
  ],
};

const extensions: readonly (readonly [string, TestLanguage])[] = [
  ["js jsx mjs cjs ts tsx mts cts vue svelte coffee", javascript],
  ["py pyi", python],
  ["go", go],
  ["rs", rust],
  ["java kt kts scala groovy", java],
  ["cs fs vb", csharp],
  ["rb rake", ruby],
  ["php", php],
  ["c h cc cpp cxx hh hpp m mm", c],
  ["swift", swift],
  ["ex exs", elixir],
  ["dart", dart],
  ["sh bash bats", shell],
  ["lua", lua],
  ["hs", haskell],
];
const byExtension = new Map(
  extensions.flatMap(([names, language]) => names.split(" ").map((name) => [name, language])),
);

/** By the path's extension; null: none that is known. */
export function testLanguageOf(path: string): TestLanguage | null {
  const extension = /\.([A-Za-z]+)$/.exec(path)?.[1]?.toLowerCase();
  return (extension && byExtension.get(extension)) || null;
}

const testFolder = /(?:^|\/)(?:__tests__|tests?|specs?|e2e|t|testing|testsuites?|cypress|acceptance|integration)\//i;
const testName =
  /(?:^|\/)(?:test[_-][^/]*|[^/]*[._-](?:tests?|spec|e2e|cy|testsuite)\.[^/]+|[^/]*(?:Test|Tests|TestCase|Spec|IT)\.[^/]+|conftest\.py|tests?\.[^/]+|[^/]*\.bats)$/;

/** Whether a path alone says that tests are there. */
export const isTestPath = (path: string): boolean =>
  testLanguageOf(path) !== null && (testFolder.test(path) || testName.test(path));

/** Whether tests could be there: in some languages only the text tells. */
export const mayHoldTests = (path: string): boolean => isTestPath(path) || testLanguageOf(path)?.inline === true;
