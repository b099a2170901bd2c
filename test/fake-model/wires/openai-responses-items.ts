/** The items of a Responses answer. What the model thought leaves the server only sealed. */
import { offerOf } from "../brain.ts";
import { idOf, sealOf } from "../random.ts";
import { BadRequest } from "../refusal.ts";
import type { JsonObject } from "../request.ts";
import { argumentsText, type Answer } from "./wire.ts";

const sealed = (text: string): string => `${Buffer.from(text).toString("base64url")}.${sealOf(text)}`;

/** The text of a reasoning item that came back; '' when the client brought nothing to open. */
export function opened(item: {
  id?: string | null | undefined;
  encrypted_content?: string | null | undefined;
}): string {
  if (!item.encrypted_content) return "";
  const [text, seal] = item.encrypted_content.split(".");
  const plain = Buffer.from(text ?? "", "base64url").toString();
  if (seal === sealOf(plain)) return plain;
  throw new BadRequest(
    `The encrypted content for item ${item.id} could not be verified. Reason: Encrypted content could not be decrypted or parsed.`,
  );
}

export type OutputItem = JsonObject & {
  type: "message" | "reasoning" | "function_call" | "custom_tool_call";
  id: string;
};

/** `kept` says that the server stores the items, and so must be able to open its own reasoning later. */
export function itemsOf(
  answer: Answer,
  options: { encrypted: boolean; summary: boolean; kept: boolean },
): OutputItem[] {
  return answer.reply.parts.map((part, at): OutputItem => {
    switch (part.type) {
      case "reasoning":
        return {
          type: "reasoning",
          id: idOf("rs_", answer.number, at),
          summary: options.summary ? [{ type: "summary_text", text: part.text }] : [],
          ...(options.encrypted || options.kept ? { encrypted_content: sealed(part.text) } : {}),
        };
      case "text":
        return {
          type: "message",
          id: idOf("msg_", answer.number, at),
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text: part.text, annotations: [], logprobs: [] }],
        };
      case "tool-call": {
        const offer = offerOf(answer.request, part.name);
        const call = { call_id: idOf("call_", answer.number, at), name: part.name, status: "completed" };
        if (offer?.kind === "custom")
          return {
            type: "custom_tool_call",
            id: idOf("ctc_", answer.number, at),
            ...call,
            input: argumentsText(part.args),
          };
        return {
          type: "function_call",
          id: idOf("fc_", answer.number, at),
          ...call,
          arguments: argumentsText(part.args),
          ...(offer?.namespace ? { namespace: offer.namespace } : {}),
        };
      }
    }
  });
}
