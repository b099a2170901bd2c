import * as fc from "fast-check";
import { expect, test } from "vitest";
import { countTests } from "./test-counts.ts";
import { isTestPath, mayHoldTests } from "./test-languages.ts";
import { lowerTotals, readTotals } from "./test-totals.ts";
import { nothingWeakened, TestComparison, type ChangedFile, type TestReport } from "./weakened-tests.ts";
import { cutMiddle } from "./text.ts";
import { testReportLimits } from "./limits.ts";

function compare(files: ChangedFile[], omitted = 0): TestReport {
  const comparison = new TestComparison();
  for (const file of files) comparison.add(file);
  return comparison.report([], omitted);
}
const changed = (path: string, before: string | null, after: string | null): ChangedFile => ({
  before: before === null ? null : { path, text: before },
  after: after === null ? null : { path, text: after },
});

test.each([
  "src/a.test.ts",
  "test/anything.js",
  "packages/x/__tests__/y.jsx",
  "tests/test_a.py",
  "pkg/a_test.go",
  "src/main/FooTest.java",
  "spec/models/user_spec.rb",
  "Foo.Tests.cs",
  "tests/conftest.py",
  "acceptance/run.sh",
  "t/basic.sh",
])("%s is a file of tests", (path) => expect(isTestPath(path)).toBe(true));

test.each(["src/latest.ts", "contest.py", "test/fixture.json", "src/testable.js", "docs/test.md", "src/attest/a.go"])(
  "%s is none",
  (path) => expect(isTestPath(path)).toBe(false),
);

test("in Rust any file may hold tests", () => {
  expect([mayHoldTests("src/lib.rs"), mayHoldTests("src/lib.ts")]).toEqual([true, false]);
});

test.each<[path: string, text: string, cases: number, assertions: number, marks: { [mark: string]: number }]>([
  ["a.test.ts", 'it("a", () => { expect(1).toBe(1); });\ntest.each([1])("b", () => assert.equal(1, 1));', 2, 2, {}],
  ["a.test.ts", '// it("a", () => expect(1))\n/* test("b") expect(2) */ it(`c`, f)', 1, 0, {}],
  ["a.test.ts", 'it("expect(1) // it(", () => {})', 1, 0, {}],
  [
    "a.test.js",
    'it.skip("a"); xit("b"); describe.only("c"); test.concurrent.skip("d"); t.skip()',
    3,
    0,
    { skip: 4, only: 1 },
  ],
  ["a.test.js", 'test("a", { skip: true }, f); test("b", { skip: "later" }, f); find({ skip: 10 })', 2, 0, { skip: 2 }],
  ["a.test.js", 'it["skip"]("a"); stream.skip(3); /x/.test(y); test.todo("z")', 1, 0, { skip: 1, todo: 1 }],
  ["test_a.py", "def test_a():\n    assert x == 1\n\n@pytest.mark.skip\nasync def test_b(): pass\n", 2, 1, { skip: 1 }],
  [
    "test_a.py",
    '"""def test_doc(): assert 1"""\n# assert\nclass T:\n  def test_c(self):\n    self.assertEqual(1, 1)\n',
    1,
    1,
    {},
  ],
  ["test_a.py", "@unittest.skipIf(True, 'x')\ndef test_a(self):\n  self.skipTest('y')", 1, 0, { skip: 1, skipTest: 1 }],
  [
    "a_test.go",
    'func TestA(t *testing.T) {\n\tt.Skip("x")\n\tt.Run("sub", f)\n\tt.Errorf("y")\n}',
    2,
    1,
    { "t.Skip": 1 },
  ],
  [
    "lib.rs",
    '#[test]\n#[ignore = "slow"]\nfn a() { assert_eq!(1, 1); }\n#[tokio::test]\nasync fn b() {}',
    2,
    1,
    { "#[ignore]": 1 },
  ],
  [
    "ATest.java",
    "@Test @Disabled void a() { assertEquals(1, 1); }\n@Ignore @Test void b() {}",
    2,
    1,
    { "@Disabled": 1, "@Ignore": 1 },
  ],
  ["ATests.cs", '[Fact(Skip = "later")] public void A() { Assert.Equal(1, 1); }', 1, 1, { "Skip =": 1 }],
  ["a_spec.rb", 'it "a" do\n  expect(1).to eq 1\nend\nxit "b" do\nend\n', 1, 1, { xit: 1 }],
  [
    "ATest.php",
    "public function testA() { $this->assertSame(1, 1); $this->markTestSkipped(); }",
    1,
    1,
    { markTestSkipped: 1 },
  ],
  ["a_test.cc", "TEST(Suite, DISABLED_A) { EXPECT_EQ(1, 1); }", 1, 1, { DISABLED_: 1 }],
  ["a_test.exs", '@tag :skip\ntest "a" do\n  assert 1 == 1\nend', 1, 1, { skip: 1 }],
  ["a.bats", '@test "a" {\n  skip\n  [ 1 = 1 ]\n}', 1, 1, { skip: 1 }],
])("%s: %j", (path, text, cases, assertions, marks) => {
  expect(countTests(path, text)).toEqual({ cases, assertions, marks });
});

test("whatever stands in a file, it is counted in a time that grows with it", () => {
  const evil = [
    "'\\",
    "it.it.",
    "expect.a",
    "#[cfg_attr ",
    "`${",
    "/*",
    '"""',
    "func (",
    "#[a::",
    "test    ",
    "it.skip",
  ];
  for (const path of ["a.test.ts", "a_test.py", "a_test.go", "a.rs", "a_spec.rb", "ATest.java", "a.bats"])
    for (const piece of evil) {
      const { cases } = countTests(path, piece.repeat(testReportLimits.fileBytesMax / piece.length));
      expect(cases).toBeGreaterThanOrEqual(0);
    }
});

test("any text at all is counted", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(countTests("a.test.ts", text).cases).toBeGreaterThanOrEqual(0);
    }),
  );
});

test("deleted, moved away, marked and thinned out files are told; what is as strong as before is not", () => {
  const two = 'it("a", () => { expect(1); expect(2); });\nit("b", () => expect(3));\n';
  const one = 'it("a", () => { expect(1); });\n';
  const report = compare([
    changed("test/gone.test.ts", two, null),
    changed("test/less.test.ts", two, one),
    changed("test/more.test.ts", one, two),
    changed("test/skipped.test.ts", two, two.replace("it(", "it.skip(")),
    changed("test/new.test.ts", null, 'it.only("x", () => expect(1));'),
    { before: { path: "test/moved.test.ts", text: two }, after: { path: "test/renamed.test.ts", text: two } },
    { before: { path: "test/away.test.ts", text: two }, after: { path: "attic/away.txt", text: two } },
    changed("src/lib.rs", "fn a() {}", "fn b() { assert!(true) }"),
    changed("src/with.rs", "#[test] fn a() { assert!(x) }", "fn b() {}"),
  ]);
  expect(report.files).toEqual([
    { kind: "deleted", path: "test/gone.test.ts", cases: 2 },
    { kind: "fewer", path: "test/less.test.ts", cases: { before: 2, after: 1 }, assertions: { before: 3, after: 1 } },
    { kind: "marked", path: "test/skipped.test.ts", marks: { skip: 1 } },
    { kind: "marked", path: "test/new.test.ts", marks: { only: 1 } },
    { kind: "moved_away", path: "test/away.test.ts", to: "attic/away.txt", cases: 2 },
    { kind: "fewer", path: "src/with.rs", cases: { before: 1, after: 0 }, assertions: { before: 1, after: 0 } },
  ]);
  expect(report.cases.before).toBe(12);
});

test("files that were not read are counted, and many findings are cut", () => {
  const many = Array.from({ length: testReportLimits.findingsMax + 3 }, (_, n) =>
    changed(`test/${n}.test.ts`, "", null),
  );
  const unreadable: ChangedFile = { before: { path: "test/x.ts", text: null }, after: { path: "test/x.ts", text: "" } };
  const report = compare([...many, unreadable], 7);
  expect([report.files.length, report.omitted, report.unread]).toEqual([testReportLimits.findingsMax, 3, 8]);
  expect(compare([])).toEqual(nothingWeakened);
});

// --- totals ---------------------------------------------------------------------------------------------------

test.each([
  [
    "vitest",
    " Test Files  1 failed | 2 passed (3)\n      Tests  2 failed | 30 passed | 1 skipped | 2 todo (35)\n",
    32,
    3,
  ],
  ["vitest", "\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[32m30 passed\u001b[39m\u001b[22m (30)", 30, 0],
  ["jest", "Test Suites: 1 passed, 1 total\nTests:       1 failed, 2 skipped, 30 passed, 33 total\n", 31, 2],
  ["pytest", "=== short ===\n==== 3 failed, 30 passed, 1 skipped, 1 xfailed in 1.23s ====\n", 33, 2],
  ["pytest", "..........\n10 passed in 0.12s\n", 10, 0],
  [
    "cargo",
    "test result: ok. 30 passed; 0 failed; 2 ignored; 0 measured\n\ntest result: FAILED. 3 passed; 1 failed; 0 ignored\n",
    34,
    2,
  ],
  [
    "junit",
    "Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1 s - in A\nTests run: 12, Failures: 1, Errors: 0, Skipped: 1\n",
    11,
    1,
  ],
  [
    "junit",
    "Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 1 s - in A\nTests run: 3, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 1 s - in B\n",
    4,
    1,
  ],
  [
    "junit console",
    "[         3 tests skipped         ]\n[        30 tests successful      ]\n[         1 tests failed          ]\n",
    31,
    3,
  ],
  ["node", "ℹ tests 33\nℹ pass 30\nℹ fail 1\nℹ cancelled 0\nℹ skipped 2\nℹ todo 0\n", 31, 2],
  ["node", "# tests 3\n# pass 3\n# fail 0\n# skipped 0\n", 3, 0],
  ["mocha", "  30 passing (1s)\n  2 pending\n  1 failing\n", 31, 2],
  ["rspec", "30 examples, 2 failures, 1 pending\n", 29, 1],
  ["unittest", "Ran 30 tests in 0.1s\n\nOK (skipped=1)\n", 29, 1],
  ["phpunit", "OK (30 tests, 60 assertions)\n", 30, 0],
  ["phpunit", "Tests: 30, Assertions: 60, Failures: 1, Skipped: 2.\n", 28, 2],
  ["dotnet", "Passed!  - Failed:     0, Passed:    30, Skipped:     1, Total:    31\n", 30, 1],
  [
    "go",
    "=== RUN TestA\n--- PASS: TestA (0.00s)\n    --- PASS: TestA/sub (0.00s)\n--- SKIP: TestB (0.00s)\nok  \tx\t0.1s\n",
    2,
    1,
  ],
  ["go", "ok  \texample.org/a\t0.1s\nok  \texample.org/b\t0.1s\n?   \texample.org/c\t[no test files]\n", 2, 1],
])("totals of %s", (runner, output, ran, skipped) => {
  expect(readTotals(output)).toEqual({ runner, ran, skipped });
});

test("other output has no totals, and sums of what was cut are none", () => {
  expect(readTotals("all good\n30 tests were fine\n")).toBeNull();
  const long = "test result: ok. 3 passed; 0 failed; 0 ignored\n".repeat(100);
  expect(readTotals(cutMiddle(long, 1_000))).toBeNull();
  expect(readTotals(cutMiddle(`${long}\n      Tests  30 passed (30)\n`, 1_000))).toMatchObject({ ran: 30 });
});

test("fewer tests than in the last cycle are told, by the command's name", () => {
  const result = (name: string, output: string, passed = true) =>
    ({ name, command: name, passed, exitCode: 0, score: null, ms: 1, output }) as const;
  const before = [
    result("less", "30 passed in 1s"),
    result("same", "30 passed in 1s"),
    result("silent", "30 passed in 1s"),
    result("broken", "30 passed in 1s"),
    result("other", "30 passed in 1s"),
  ];
  const after = [
    result("less", "20 passed, 10 skipped in 1s"),
    result("same", "29 passed, 1 failed in 1s"),
    result("silent", "fine"),
    result("broken", "no such file", false),
    result("other", "Tests:  3 passed, 3 total"),
    result("new", "1 passed in 1s"),
  ];
  expect(lowerTotals(before, after)).toEqual([
    {
      name: "less",
      before: { runner: "pytest", ran: 30, skipped: 0 },
      after: { runner: "pytest", ran: 20, skipped: 10 },
    },
    { name: "silent", before: { runner: "pytest", ran: 30, skipped: 0 }, after: null },
  ]);
});
