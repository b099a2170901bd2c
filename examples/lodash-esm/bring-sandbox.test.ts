/** With a package manager of the test's own: what the real ones do was watched by hand. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { bringSandbox } from "./bring-sandbox.ts";

let folder: string;
const works = () => existsSync(join(folder, "installed"));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longhaul-bring-"));
  const { PATH } = process.env;
  process.env["PATH"] = folder;
  onTestFinished(() => {
    process.env["PATH"] = PATH;
    rmSync(folder, { recursive: true });
  });
});

function manager(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\necho "$*" >> ${folder}/asked\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

function bring(asRoot = true): { answer: boolean; said: string; asked: string[] } {
  const said: string[] = [];
  const answer = bringSandbox(works, asRoot, (line) => said.push(line));
  const asked = existsSync(join(folder, "asked")) ? readFileSync(join(folder, "asked"), "utf8").trim().split("\n") : [];
  return { answer, said: said.join("\n"), asked: asked.filter((line) => line !== "--version") };
}

test("where there is a sandbox, nothing is done and nothing said", () => {
  writeFileSync(join(folder, "installed"), "");
  manager("apt-get", "");
  expect(bring()).toEqual({ answer: true, said: "", asked: [] });
});

test("without a package manager there is none", () => {
  expect(bring()).toEqual({ answer: false, said: "", asked: [] });
});

test("root installs it, with news of packages where they are needed", () => {
  manager(
    "apt-get",
    `case $1 in update) : > ${folder}/fresh;; install) [ -e ${folder}/fresh ] && : > ${folder}/installed;; esac`,
  );
  expect(bring()).toEqual({
    answer: true,
    said: expect.stringContaining("installing the package bubblewrap with apt-get"),
    asked: ["install --yes bubblewrap", "update", "install --yes bubblewrap"],
  });
});

test("what is installed and does not work is no sandbox", () => {
  manager("apk", "");
  expect(bring()).toMatchObject({ answer: false, asked: ["add bubblewrap"] });
});

test("who is not root is told what to install", () => {
  manager("dnf", "");
  expect(bring(false)).toEqual({ answer: false, said: expect.stringMatching(/bubblewrap as root \(dnf\)/), asked: [] });
});
