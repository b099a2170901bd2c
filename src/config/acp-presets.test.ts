import { describe, expect, test } from "vitest";
import { acpPresets } from "./acp-presets.ts";

const placeholders = ["{model}", "{url}", "{token}", "{home}", "{workspace}"];

describe.each(Object.entries(acpPresets))("%s", (_, preset) => {
  test("is data that a config file could say as well", () => {
    expect(JSON.parse(JSON.stringify(preset))).toEqual(preset);
  });

  test("names no placeholder that nobody fills", () => {
    const named = JSON.stringify(preset).match(/\{[a-z]+\}/g) ?? [];
    expect(named.filter((each) => !placeholders.includes(each))).toEqual([]);
  });

  test("needs no model to begin with its own login", () => {
    expect(JSON.stringify([preset.command, preset.env, preset.own.env])).not.toMatch(/\{(?:model|url|token)\}/);
  });

  test("never puts the token where every user of the machine could read it", () => {
    expect([...preset.command, ...(preset.metered?.args ?? [])].join(" ")).not.toContain("{token}");
  });

  test("tells how it is installed, and what surprises", () => {
    expect(preset.install).toMatch(/^npm install --global \S+/);
    expect(preset.traps.filter((each) => !/^[A-Z].*\.$/.test(each))).toEqual([]);
  });
});
