/** The coding agents that Longhaul knows, as data; what was seen of each: `docs/coding-agents.md`. */
import type { AcpPreset } from "./acp-preset.ts";

const mb = 1_048_576;

const presets = {
  codex: {
    title: "Codex",
    command: ["codex-acp"],
    env: {},
    passEnv: [],
    metered: null,
    mode: null,
    tools: "mcp",
    memoryBytes: 100 * mb,
    sessionsPerProcess: 1,
    install: "npm install --global @zed-industries/codex-acp",
  },
} satisfies { [name: string]: AcpPreset };

export const acpPresets: { readonly [name: string]: AcpPreset } = presets;
export const presetNames = Object.keys(presets);
