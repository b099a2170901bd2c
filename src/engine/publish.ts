/** Publishes what the trunk holds as branches of the user's repository. */
import type { RunId } from "../domain/ids.ts";
import type { Desk } from "./desk.ts";

/** Never rejects for what stands in the way there: the trunk has everything, and resuming the run publishes again. */
export async function publish({ store, trunk, report }: Desk, run: RunId): Promise<void> {
  const green = await store.transition(run, async (tx) => tx.run.green);
  try {
    const branches = await trunk.publish(run, green);
    await store.transition(run, (tx) => tx.addEvent("run.published", {}, branches));
  } catch (error) {
    report(error);
  }
}
