/** Owns running acceptance commands and checks: one text for `sh -c`, bounded in time and in output. */
import type { CommandOrder, CommandResult, Commands, Environment, ProcessGroups } from "../engine/ports.ts";
import { MiddleCut } from "../domain/middle-cut.ts";

export type CommandsOptions = {
  groups: ProcessGroups;
  /** See `allowedEnvironment`. */
  environment: Environment;
  killGraceMs: number;
};

export function createCommands({ groups, environment, killGraceMs }: CommandsOptions): Commands {
  return {
    async run(order: CommandOrder): Promise<CommandResult> {
      const startedAt = performance.now();
      const output = new MiddleCut(order.outputBytesMax);
      const result = (exitCode: number | null, timedOut: boolean): CommandResult => {
        return { exitCode, timedOut, output: output.text(), ms: Math.round(performance.now() - startedAt) };
      };
      if (order.signal.aborted) return result(null, false);

      const group = groups.spawn({
        argv: ["/bin/sh", "-c", order.command],
        directory: order.directory,
        environment: { ...environment, LONGHAUL_RUN: order.run },
        stdin: null,
        access: {
          role: order.network ?? null,
          folder: null,
          words: [order.command],
          writable: [],
          placed: [],
          hosts: [],
          ports: [],
        },
        onStdout: (text) => output.add(text),
        onStderr: (text) => output.add(text),
      });
      let timedOut = false;
      let cut = false;
      const end = () => {
        cut = true;
        void group.kill(killGraceMs);
      };
      const timer = setTimeout(() => {
        timedOut = true;
        end();
      }, order.timeoutMs);
      order.signal.addEventListener("abort", end, { once: true });
      try {
        const ended = await group.ended;
        if (ended.kind === "not_started") throw new Error(ended.reason);
        // Having been told to end, it may still have exited in its own way: that is no result.
        return result(ended.kind === "exited" && !cut ? ended.exitCode : null, timedOut);
      } finally {
        clearTimeout(timer);
        order.signal.removeEventListener("abort", end);
      }
    },
  };
}
