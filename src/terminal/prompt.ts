/** `longhaul prompts show`: a prompt as an agent gets it, part by part. */

/** What the model reads of a tool; `input` is a JSON schema. */
type ShownTool = { name: string; description: string; input: { [key: string]: unknown } };

export type ShownPrompt = {
  /** What a reader has to know of it; one line each. */
  notes: readonly string[];
  hash: string;
  system: string;
  message: string;
  tools: readonly ShownTool[];
};

/** The parts as they are, each under a line of its own. */
export function renderPrompt({ notes, hash, system, message, tools }: ShownPrompt): string {
  return [
    ...notes,
    rule(`system instructions, prompt ${hash}`),
    system,
    rule("first message"),
    message,
    rule(`${tools.length} tools`),
    tools.map(toolText).join("\n\n"),
  ].join("\n");
}

const rule = (title: string): string => `\n===== ${title} =====\n`;

const toolText = ({ name, description, input }: ShownTool): string =>
  `${name}: ${description}\n${JSON.stringify(input, null, 2)}`;
