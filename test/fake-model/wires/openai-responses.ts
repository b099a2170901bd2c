/** OpenAI Responses, `/v1/responses`. One instance per server: it keeps what it answered, as OpenAI does unless `store` is false. */
import { idOf } from "../random.ts";
import type { JsonObject } from "../request.ts";
import { inputOf, outputOf, type Usage } from "../tokens.ts";
import { openaiChat } from "./openai-chat.ts";
import { itemsOf, type OutputItem } from "./openai-responses-items.ts";
import { readResponses, type Item, type ResponsesOptions } from "./openai-responses-request.ts";
import { openaiError, openaiRefusal } from "./openai-refusals.ts";
import { argumentsText, piecesOf, sse, type Answer, type Frame, type Wire } from "./wire.ts";

const keptMax = 20_000;

const usageOf = (usage: Usage): JsonObject => ({
  input_tokens: inputOf(usage),
  input_tokens_details: { cached_tokens: usage.cacheRead },
  output_tokens: outputOf(usage),
  output_tokens_details: { reasoning_tokens: usage.reasoning },
  total_tokens: inputOf(usage) + outputOf(usage),
});

function responseOf(answer: Answer, output: readonly JsonObject[], status: string): JsonObject {
  const cut =
    answer.stop === "length" ? "max_output_tokens" : answer.stop === "content-filter" ? "content_filter" : null;
  return {
    id: idOf("resp_", answer.number),
    object: "response",
    created_at: Math.floor(answer.createdMs / 1000),
    status: status === "completed" && cut !== null ? "incomplete" : status,
    error: null,
    incomplete_details: status === "completed" && cut !== null ? { reason: cut } : null,
    instructions: null,
    model: answer.request.model,
    output: [...output],
    parallel_tool_calls: true,
    service_tier: "default",
    usage: status === "completed" && answer.usage !== null ? usageOf(answer.usage) : null,
    metadata: {},
  };
}

/** The events of one item, without their sequence numbers. */
function eventsOf(item: OutputItem, at: number, pieces?: readonly string[]): JsonObject[] {
  const place = { item_id: item.id, output_index: at };
  const added = (empty: JsonObject): JsonObject => ({
    type: "response.output_item.added",
    output_index: at,
    item: { ...item, ...(item.type === "reasoning" ? {} : { status: "in_progress" }), ...empty },
  });
  const done = { type: "response.output_item.done", output_index: at, item };
  switch (item.type) {
    case "message": {
      const part = (item.content as JsonObject[])[0]!;
      const text = part.text as string;
      const inPart = { ...place, content_index: 0 };
      return [
        added({ content: [] }),
        { type: "response.content_part.added", ...inPart, part: { ...part, text: "" } },
        ...piecesOf(text, pieces).map((delta) => ({
          type: "response.output_text.delta",
          ...inPart,
          delta,
          logprobs: [],
        })),
        { type: "response.output_text.done", ...inPart, text, logprobs: [] },
        { type: "response.content_part.done", ...inPart, part },
        done,
      ];
    }
    case "reasoning": {
      const summary = item.summary as { text: string }[];
      return [
        added({ summary: [] }),
        ...summary.flatMap(({ text }, index) => {
          const inPart = { ...place, summary_index: index };
          return [
            { type: "response.reasoning_summary_part.added", ...inPart, part: { type: "summary_text", text: "" } },
            ...piecesOf(text).map((delta) => ({ type: "response.reasoning_summary_text.delta", ...inPart, delta })),
            { type: "response.reasoning_summary_text.done", ...inPart, text },
            { type: "response.reasoning_summary_part.done", ...inPart, part: { type: "summary_text", text } },
          ];
        }),
        done,
      ];
    }
    case "function_call":
    case "custom_tool_call": {
      const [field, event] =
        item.type === "function_call"
          ? (["arguments", "response.function_call_arguments"] as const)
          : (["input", "response.custom_tool_call_input"] as const);
      const text = argumentsText(item[field]);
      return [
        added({ [field]: "" }),
        ...piecesOf(text).map((delta) => ({ type: `${event}.delta`, ...place, delta })),
        { type: `${event}.done`, ...place, [field]: text },
        done,
      ];
    }
  }
}

function framesOf(answer: Answer, items: readonly OutputItem[]): Frame[] {
  const started = responseOf(answer, [], "in_progress");
  const body = items.flatMap((item, at) => {
    const part = answer.reply.parts[at];
    return eventsOf(item, at, part?.type === "text" ? part.pieces : undefined);
  });
  const last = responseOf(answer, items, "completed");
  const events: [JsonObject, Frame["kind"]][] = [
    [{ type: "response.created", response: started }, "open"],
    [{ type: "response.in_progress", response: started }, "open"],
    ...body.map((event): [JsonObject, Frame["kind"]] => [event, "content"]),
    [{ type: `response.${last.status as string}`, response: last }, "usage"],
  ];
  return events.map(([event, kind], sequence) =>
    sse({ ...event, sequence_number: sequence }, kind, event.type as string),
  );
}

export function openaiResponses(): Wire {
  const items = new Map<string, Item>();
  const responses = new Map<string, Item[]>();
  const optionsOf = new WeakMap<object, ResponsesOptions>();
  const keep = <T>(map: Map<string, T>, id: string, value: T): void => {
    map.set(id, value);
    const oldest = map.keys().next().value;
    if (map.size > keptMax && oldest !== undefined) map.delete(oldest);
  };
  const outputOfAnswer = (answer: Answer): OutputItem[] => {
    const options = optionsOf.get(answer.request);
    if (options === undefined) throw new Error("a request that this wire did not read");
    if (options.store) {
      const stored = itemsOf(answer, { ...options, kept: true }) as Item[];
      for (const item of stored) keep(items, item.id ?? "", item);
      keep(responses, idOf("resp_", answer.number), [...options.input, ...stored]);
    }
    return itemsOf(answer, { ...options, kept: false });
  };
  return {
    ...openaiChat,
    name: "openai-responses",
    read: (body) => {
      const { request, options } = readResponses(body, {
        item: (id) => items.get(id),
        response: (id) => responses.get(id),
      });
      optionsOf.set(request, options);
      return request;
    },
    whole: (answer) => responseOf(answer, outputOfAnswer(answer), "completed"),
    frames: (answer) => framesOf(answer, outputOfAnswer(answer)),
    refuse: openaiRefusal,
    errorFrame: (refusal) => {
      const { type, code, message } = openaiError(refusal);
      return sse(
        { type: "error", sequence_number: 1, error: { type, code, message, param: null } },
        "content",
        "error",
      );
    },
  };
}
