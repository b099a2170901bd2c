/** What a session is executed with: the engine's ports, the session's own things, and one exchange with its agent. */
import type { Brief } from "../domain/brief.ts";
import type { Failure } from "../domain/failure.ts";
import type { RunConfig } from "../domain/run-config.ts";
import type { Claim, Opening, Usage } from "../domain/session.ts";
import type { Place } from "./briefs.ts";
import type { Contested } from "../domain/task.ts";
import type { Calls } from "./calls.ts";
import type { Checks } from "./checks.ts";
import type { Lane } from "./lane.ts";
import type { Maintenance } from "./maintenance.ts";
import type { Mirror } from "./mirror.ts";
import type { AgentSession, Agents, Clock, Commands, Machine, Trunk, Workspace } from "./ports.ts";
import type { Store } from "./store-port.ts";
import type { Transcript } from "./transcript.ts";
import type { Watch, WatchedAnswer } from "./watch.ts";

export type Desk = {
  store: Store;
  trunk: Trunk;
  agents: Agents;
  commands: Commands;
  machine: Machine;
  clock: Clock;
  lane: Lane;
  calls: Calls;
  checks: Checks;
  mirror: Mirror;
  maintenance: Maintenance;
  config: RunConfig;
  /** Tells of a fault of our own; must not throw. */
  report(error: unknown): void;
};

/** What one session works with. */
export type Session = Desk & {
  claim: Claim;
  /** How the session began, when this is not its beginning. */
  opening: Opening | null;
  watch: Watch;
  transcript: Transcript;
  workspace: Workspace;
  agent: AgentSession;
};

/** How a session ended for its agent; null: its end is recorded already, or it is not ours any more. */
export type Ending = { failure: Failure; usage: Usage; contested?: Contested } | null;

/** One exchange with the agent, kept in the transcript. */
export async function converse(session: Session, brief: Brief): Promise<WatchedAnswer> {
  const { transcript, watch, agent } = session;
  transcript.add("brief", JSON.stringify(brief));
  const answer = await watch.converse(agent, brief);
  const { usage: _, ...said } = answer;
  transcript.add("answer", JSON.stringify(said));
  return answer;
}

export function wrongAnswer(answer: WatchedAnswer, wanted: string): Failure {
  return {
    kind: "malformed",
    detail: `the agent answered with ${answer.kind === "work" ? "work" : `a ${answer.kind}`} where ${wanted} was asked for`,
  };
}

export function place({ workspace, watch, agent }: Session): Place {
  const deadline = { softAt: watch.softAt, hardAt: watch.hardAt, handOffFile: agent.handOffFile };
  const { path, base, sparse } = workspace;
  return { workspace: path, base, sparse: sparse && [...sparse], deadline };
}

export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
