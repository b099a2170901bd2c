/** From its first brief on a session can be continued by another engine, if its agent keeps a record. */
import type { MessageId } from "../domain/ids.ts";
import type { Session } from "./desk.ts";
import { heldSession } from "./session-end.ts";
import type { Transition } from "./store-port.ts";

/** `kept`: the workspace as it stands, where it is more than a checkout of its base. */
export async function remember(
  tx: Transition,
  session: Session,
  readUpTo: MessageId | null,
  kept: string | null = null,
): Promise<void> {
  const { claim, workspace } = session;
  if (!begins(session)) return;
  if (await heldSession(tx, claim)) await tx.openSession(claim.session, { base: workspace.base, readUpTo }, kept);
}

/** Whether this is the beginning of a session that may be continued. */
export const begins = ({ agents, claim, opening }: Session): boolean =>
  opening === null && agents.traits(claim.agent).keepsRecord;
