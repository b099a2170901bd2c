/** For tests: a program that behaves as `SCRIPT` (JSON, a list of behaviours) says; `COUNTER` is a file of its own. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Behaviour } from "../../src/agents/agent.testsuite.ts";

const env = (name: string) => process.env[name] ?? "";
const before = existsSync(env("COUNTER")) ? Number(readFileSync(env("COUNTER"), "utf8")) : 0;
writeFileSync(env("COUNTER"), String(before + 1));
const script = JSON.parse(env("SCRIPT")) as Behaviour[];
const behaviour = script[before];
const answer = (value: object) => process.stdout.write(JSON.stringify(value));
const brief = readFileSync(0, "utf8");
if (brief !== readFileSync(env("LONGHAUL_BRIEF"), "utf8")) throw new Error("stdin and LONGHAUL_BRIEF differ");

switch (behaviour?.does) {
  case "plan":
    answer({ version: 1, actions: behaviour.tasks.map((task) => ({ type: "create_task", ...task })) });
    break;
  case "work":
    writeFileSync(behaviour.file, behaviour.text);
    answer({ handoff: { done: behaviour.done } });
    break;
  case "judge":
    answer(behaviour);
    break;
  case "talk_nonsense":
    process.stdout.write("I think that we are done here.");
    break;
  case "give_up":
    answer({ status: "failed", handoff: { done: behaviour.reason } });
    break;
  case "crash":
    process.exit(3);
  case "wait_for_hand_off": {
    process.stderr.write("up\n");
    const timer = setInterval(() => {
      if (!existsSync(env("LONGHAUL_HANDOFF_FILE"))) return;
      clearInterval(timer);
      answer({ status: "partial", handoff: { done: "Half of it" } });
    }, 5);
    break;
  }
  case "never_end":
    process.on("SIGTERM", () => {});
    spawn("sleep", ["1000"], { stdio: "ignore" });
    spawn("sleep", ["1000"], { stdio: "ignore", detached: true });
    process.stderr.write("up\n");
    setInterval(() => {}, 1_000);
    break;
  case "leave_processes":
    spawn("sleep", ["1000"], { stdio: "inherit" }).unref();
    spawn("sleep", ["1000"], { stdio: "inherit", detached: true }).unref();
    spawnSync("sh", [
      "-c",
      "up=$( (setsid sh -c 'echo; exec >/dev/null; sleep 1000; true' </dev/null 2>/dev/null &) | head -n 1)",
    ]);
    answer({ handoff: { done: "Left some" } });
    process.exit(0);
  case undefined:
    throw new Error(`no behaviour for conversation ${before + 1}`);
}
