/** Owns what a session's transcript says of an agent's updates. Unknown kinds are left out: agents add some all the time. */
import { z } from "zod";
import { acpLimits } from "../../domain/limits.ts";
import { cutEnd, cutMiddle } from "../../domain/text.ts";
import { plainText } from "../plain-text.ts";

/** `done`: a tool call has ended. */
export type Shown = { stream: "stdout" | "stderr"; text: string; done?: true };

const block = z.object({ type: z.string(), text: z.string().optional() });
const content = z
  .array(
    z.object({
      type: z.string(),
      content: block.optional(),
      path: z.string().optional(),
      oldText: z.string().nullish(),
      newText: z.string().optional(),
    }),
  )
  .nullish();
const tool = z.object({
  toolCallId: z.string(),
  title: z.string().nullish(),
  kind: z.string().nullish(),
  status: z.string().nullish(),
  content,
});

/** The fields that are shown, of the kinds of update that are. */
const updateSchema = z.discriminatedUnion("sessionUpdate", [
  z.object({ sessionUpdate: z.literal("agent_message_chunk"), content: block }),
  z.object({ sessionUpdate: z.literal("agent_thought_chunk"), content: block }),
  tool.extend({ sessionUpdate: z.literal("tool_call") }),
  tool.extend({ sessionUpdate: z.literal("tool_call_update") }),
  z.object({
    sessionUpdate: z.literal("plan"),
    entries: z.array(z.object({ content: z.string(), status: z.string().optional() })),
  }),
]);
type Update = z.output<typeof updateSchema>;
type ToolUpdate = Extract<Update, { toolCallId: string }>;

/** Of one session: texts come in pieces, and what stands between them begins on a line of its own. */
export class UpdateText {
  /** Of what was shown last; null: a line has just ended. */
  #piece: "agent_message_chunk" | "agent_thought_chunk" | null = null;
  /** Of tool calls that go on, as they were shown last. */
  readonly #titles = new Map<string, string>();

  /** null: nothing to show, but a sign of life. */
  show(update: unknown): Shown | null {
    const read = updateSchema.safeParse(update);
    if (!read.success) return null;
    const { data } = read;
    switch (data.sessionUpdate) {
      case "agent_message_chunk":
      case "agent_thought_chunk": {
        const begin = this.#piece !== null && this.#piece !== data.sessionUpdate ? "\n" : "";
        this.#piece = data.sessionUpdate;
        const text = data.content.text ?? `[${data.content.type}]`;
        return { stream: data.sessionUpdate === "agent_message_chunk" ? "stdout" : "stderr", text: begin + text };
      }
      case "tool_call":
        return this.#line(`[${data.kind ?? "tool"}] ${this.#titleOf(data) ?? ""}${contentText(data)}`);
      case "tool_call_update": {
        const title = this.#titleOf(data);
        if (data.status !== "completed" && data.status !== "failed") return title ? this.#line(`  ${title}`) : null;
        this.#titles.delete(data.toolCallId);
        return { ...this.#line(`[${data.status}]${title ? ` ${title}` : ""}${contentText(data)}`), done: true };
      }
      case "plan":
        return this.#line(["[plan]", ...data.entries.map(planLine)].join("\n"));
    }
  }

  /** Agents find better titles while a call goes on; null: it is shown already. */
  #titleOf({ toolCallId, title }: ToolUpdate): string | null {
    const line = lineOf(title);
    if (line === "" || this.#titles.get(toolCallId) === line) return null;
    const [oldest] = this.#titles.keys();
    if (oldest !== undefined && this.#titles.size >= acpLimits.titlesMax) this.#titles.delete(oldest);
    this.#titles.set(toolCallId, line);
    return line;
  }

  #line(text: string): Shown {
    const begin = this.#piece === null ? "" : "\n";
    this.#piece = null;
    return { stream: "stdout", text: `${begin}${text}\n` };
  }
}

const lineOf = (text: string | null | undefined) => cutEnd(plainText(text ?? "").replaceAll("\n", " "), 400);
const planLine = ({ content: what, status }: { content: string; status?: string | undefined }) =>
  `  ${status === "completed" ? "x" : status === "in_progress" ? ">" : "-"} ${lineOf(what)}`;

function contentText(update: ToolUpdate): string {
  const texts = (update.content ?? []).flatMap((part) => {
    if (part.type === "diff") return [`${part.path ?? ""}: ${lines(part.oldText)} → ${lines(part.newText)} lines`];
    return part.content?.text ? [part.content.text] : [];
  });
  const text = cutMiddle(plainText(texts.join("\n")).trim(), acpLimits.shownBytesMax);
  return text === "" ? "" : `\n${text.replace(/^/gm, "  ")}`;
}

const lines = (text: string | null | undefined) => (text ? text.split("\n").length : 0);
