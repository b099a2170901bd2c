import type { AgentFailure, SessionHost } from "../../engine/ports.ts";
import type { ProviderAccess } from "../model/providers.ts";
export type MeterOrder = {
  host: SessionHost;
  provider: { name: string; access: ProviderAccess; keyEnv: string | null };
  outputTokensMax: number;
  onFailure(failure: AgentFailure): void;
  onActivity(): void;
  signal: AbortSignal;
};
export type Metered = { url: string; token: string; calls(): number; close(): Promise<void> };
export class Meter {
  constructor(_: object) {}
  open(_: MeterOrder): Promise<Metered> {
    throw new Error("not yet");
  }
  async stop(): Promise<void> {}
}
