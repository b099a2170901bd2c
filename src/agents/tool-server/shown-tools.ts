/** Role tools that can be seen and not be called: nothing stands behind them. */
import { refuse } from "../tools/answer.ts";
import type { Tool, ToolAnswer } from "../tools/tool.ts";
import { toolTexts, type ToolText } from "../tools/tool-texts.ts";
import type { AskedTools } from "./routes.ts";

export class ShownTools implements AskedTools {
  readonly #tools: readonly Tool[];
  readonly #seen = Promise.withResolvers<void>();

  constructor(tools: readonly Tool[]) {
    this.#tools = tools;
  }

  /** Answers with the first look; never, when nobody looks. */
  get listed(): Promise<void> {
    return this.#seen.promise;
  }

  list(): ToolText[] {
    this.#seen.resolve();
    return toolTexts(this.#tools);
  }

  async call(): Promise<ToolAnswer> {
    return refuse("this is a trial: the tools can be listed, and none can be called");
  }

  async close(): Promise<void> {}
}
