/** Owns `read_output`: reads on in an answer that was cut. */
import { z } from "zod";
import { allRoles } from "../../domain/session.ts";
import { bodyBytesMax, refuse } from "./answer.ts";
import type { Tool } from "./tool.ts";

const input = z.object({
  call: z.string().min(1).describe("The call whose answer was cut, as that answer names it."),
  offset: z.int().min(0).default(0).describe("Byte to start from, 0 is the first."),
});

export const readOutput: Tool<z.infer<typeof input>> = {
  name: "read_output",
  description:
    `Reads on in an earlier answer of this session that was cut in its middle. Answers up to ${bodyBytesMax} bytes from ` +
    `offset, and where to read on. The newest outputs are kept; search within one by running the command again with a filter.`,
  input,
  roles: allRoles,
  effect: "look",
  async run({ call, offset }, { outputs }) {
    const part = await outputs.read(call, offset, bodyBytesMax);
    if (part === null) {
      const why = "it was not cut, is no call of this session, or had to make room for newer ones";
      return refuse(`call: nothing is kept of ${JSON.stringify(call.slice(0, 100))}: ${why}; make the call again`);
    }
    const { text, start, end, totalBytes } = part;
    if (start >= totalBytes) return refuse(`offset: ${offset} is beyond the end; there are ${totalBytes} bytes`);
    const on = end < totalBytes ? `read on with offset ${end}` : "this is the end";
    return { ok: true, text: `${text}\n[bytes ${start} to ${end} of ${totalBytes}; ${on}]` };
  },
};
