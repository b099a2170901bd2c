/** Which wire a path belongs to, and the paths around it: counting tokens, listing models, probing. */
import { anthropic } from "./wires/anthropic.ts";
import { google } from "./wires/google.ts";
import { openaiChat } from "./wires/openai-chat.ts";
import { openaiResponses } from "./wires/openai-responses.ts";
import type { IncomingHttpHeaders } from "node:http";
import type { Wire } from "./wires/wire.ts";

export type Route =
  | { kind: "model"; wire: Wire; model: string | null; stream: boolean | null }
  | { kind: "count-tokens"; wire: Wire; model: string | null }
  | { kind: "models"; wire: Wire; model: string | null }
  | { kind: "probe" }
  | { kind: "none" };

export type Router = (method: string, url: URL, headers: IncomingHttpHeaders) => Route;

export function router(): Router {
  const responses = openaiResponses();
  return (method, url, headers) => {
    // Clients differ in whether their base URL ends with the version; nothing here depends on it.
    const path = url.pathname.replace(/^\/(?:v1beta|v1alpha|v1)(?=\/|$)/, "");
    if (method === "HEAD" || path === "" || path === "/") return { kind: "probe" };
    const post = method === "POST";
    if (post && path === "/chat/completions") return { kind: "model", wire: openaiChat, model: null, stream: null };
    if (post && path === "/responses") return { kind: "model", wire: responses, model: null, stream: null };
    if (post && path === "/messages") return { kind: "model", wire: anthropic, model: null, stream: null };
    if (post && path === "/messages/count_tokens") return { kind: "count-tokens", wire: anthropic, model: null };
    const [, model = "", action] = /^\/models\/([^:]+):(\w+)$/.exec(path) ?? [];
    if (post && action === "generateContent") return { kind: "model", wire: google, model, stream: false };
    if (post && action === "streamGenerateContent") return { kind: "model", wire: google, model, stream: true };
    if (post && action === "countTokens") return { kind: "count-tokens", wire: google, model };
    const [listed, one] = /^\/models(?:\/([^/]+))?$/.exec(path) ?? [];
    if (method === "GET" && listed !== undefined)
      return { kind: "models", wire: listerOf(url, headers), model: one ?? null };
    return { kind: "none" };
  };
}

function listerOf(url: URL, headers: IncomingHttpHeaders): Wire {
  if (headers["anthropic-version"] !== undefined) return anthropic;
  return headers["x-goog-api-key"] !== undefined || url.searchParams.has("key") ? google : openaiChat;
}

export function modelList(wire: Wire, ids: readonly string[]): unknown {
  switch (wire.name) {
    case "anthropic": {
      const data = ids.map((id) => ({ type: "model", id, display_name: id, created_at: "2026-01-01T00:00:00Z" }));
      return { data, has_more: false, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null };
    }
    case "google":
      return {
        models: ids.map((id) => ({
          name: `models/${id}`,
          displayName: id,
          supportedGenerationMethods: ["generateContent", "countTokens"],
        })),
      };
    case "openai-chat":
    case "openai-responses":
      return { object: "list", data: ids.map((id) => ({ id, object: "model", created: 0, owned_by: "fake" })) };
  }
}
