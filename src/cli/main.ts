/**
 * The command line: the only place that wires the parts together. Each command is loaded when it is called: scripts call
 * `longhaul tool` many times over, and need nothing of the engine.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { sandboxChoices } from "../domain/run-config.ts";
import type { CostsOptions } from "./costs.ts";
import type { DoctorOptions } from "./doctor/doctor.ts";
import type { EstimateOptions } from "./estimate.ts";
import { exitCodeOf, exitCodes, tell } from "./exit.ts";
import type { Common } from "./inspect.ts";
import { endWithReader, say } from "./output.ts";
import type { PromptsOptions } from "./prompts.ts";
import type { ResumeOptions, RunOptions } from "./run.ts";
import type { ToolOptions } from "./tool.ts";
import { version } from "./version.ts";

function wholeNumber(min: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min)
      throw new InvalidArgumentError(`expected a whole number of at least ${min}`);
    return value;
  };
}

function amount(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError("expected an amount such as 20 or 0.5");
  return value;
}

const runOption = () => new Option("-r, --run <run>", "the run meant (default: the newest of this repository)");
const jsonOption = () => new Option("--json", "print data as JSON");

function makeProgram(exit: (code: number) => void): Command {
  const program = new Command("longhaul")
    .description("Runs many AI agents in parallel on one git repository until a goal is reached.")
    .version(version)
    .configureHelp({ sortSubcommands: false })
    .showHelpAfterError("(longhaul --help shows the commands)")
    .exitOverride();

  addBeginning(program, exit);
  program
    .command("run")
    .description("start a run: plan, work and judge until the goal is reached")
    .argument("[goal]", "what to reach, in your own words")
    .option("-g, --goal-file <file>", "read the goal from a file")
    .option("-c, --config <file>", "another configuration file")
    .option("--workers <n>", "task attempts at once", wholeNumber(1))
    .option("--planners <n>", "planner turns at once", wholeNumber(1))
    .addOption(
      new Option(
        "--sandbox <kind>",
        "what confines the programs of agents; none: they run with your own rights",
      ).choices(sandboxChoices),
    )
    .addOption(jsonOption())
    .action(async (goal: string | undefined, options: RunOptions) => {
      (await import("./own-mounts.ts")).enterOwnMounts();
      exit(await (await import("./run.ts")).run(goal, options));
    });
  program
    .command("resume")
    .description("go on with a run that was paused, interrupted or killed")
    .addOption(runOption())
    .option("-c, --config <file>", "go on with this configuration in place of the one the run began with")
    .option("--budget-usd <amount>", "a new budget in dollars", amount)
    .option("--budget-tokens <n>", "a new budget in tokens", wholeNumber(0))
    .addOption(jsonOption())
    .action(async (options: ResumeOptions) => {
      (await import("./own-mounts.ts")).enterOwnMounts();
      exit(await (await import("./run.ts")).resume(options));
    });
  addSteering(program, exit);
  addInspection(program);
  addLedger(program);
  addHistory(program);
  addSession(program, exit);
  return program;
}

/** What is done before there is a run. */
function addBeginning(program: Command, exit: (code: number) => void): void {
  program
    .command("init")
    .description("write a first longhaul.config.ts into this repository, with the agents that are here")
    .addOption(jsonOption())
    .action(async (options: Common) => (await import("./init.ts")).init(options));
  program
    .command("doctor")
    .description("look at everything that a run needs here, and say what to do about what is missing")
    .option("--agents", "start the coding agents as well, to see whether they work; asks no model")
    .option("--within <seconds>", "how long each of them may take (default: 60)", wholeNumber(1))
    .option("-c, --config <file>", "another configuration file")
    .addOption(jsonOption())
    .action(async (options: DoctorOptions) => exit(await (await import("./doctor/doctor.ts")).doctor(options)));
  program
    .command("estimate")
    .description("say what a run may cost, before anything is spent")
    .option("-c, --config <file>", "another configuration file")
    .addOption(jsonOption())
    .action(async (options: EstimateOptions) => (await import("./estimate.ts")).estimate(options));
}

function addSteering(program: Command, exit: (code: number) => void): void {
  program
    .command("pause")
    .description("start no new sessions; running ones finish, or are cut after the grace time")
    .addOption(runOption())
    .option(
      "--grace <seconds>",
      "how long running sessions may take (default: drainMs of the run's limits)",
      wholeNumber(0),
    )
    .addOption(jsonOption())
    .action(async (options: Common & { grace?: number }) => (await import("./steer.ts")).pause(options));
  program
    .command("stop")
    .description("end a run: cut what runs, cancel what is open, publish what has landed")
    .addOption(runOption())
    .option("--reason <text>", "why, for the record", "stopped by the operator")
    .addOption(jsonOption())
    .action(async (options: Common & { reason: string }) => {
      const { stop } = await import("./steer.ts");
      if (!(await stop(options))) exit(await (await import("./run.ts")).finishStop(options));
    });
  program
    .command("send")
    .description("put a message into a planner's inbox")
    .argument("<planner>", "p1, p2, … or root")
    .argument("<message>")
    .addOption(runOption())
    .addOption(jsonOption())
    .action(async (planner: string, message: string, options: Common) =>
      (await import("./steer.ts")).send(planner, message, options),
    );
}

function addInspection(program: Command): void {
  program
    .command("status")
    .description("show a run: planners, tasks, landings, cost, verdicts")
    .addOption(runOption())
    .option("-a, --all", "list all runs of this repository")
    .addOption(jsonOption())
    .action(async (options: Common & { all?: boolean }) => (await import("./inspect.ts")).status(options));
  program
    .command("tasks")
    .description("list tasks")
    .addOption(runOption())
    .option("-s, --status <state>", "only tasks in this state")
    .option("--cycle <n>", "only tasks of this cycle", wholeNumber(1))
    .option("-n, --limit <n>", "at most this many", wholeNumber(1), 1000)
    .addOption(jsonOption())
    .action(async (options: Common & { status?: string; cycle?: number; limit: number }) =>
      (await import("./inspect.ts")).tasks(options),
    );
}

function addLedger(program: Command): void {
  program
    .command("costs")
    .description("show what was spent, and on what")
    .addOption(runOption())
    .option("-b, --by <what>", "session, task, planner, role, model or cycle")
    .option("-n, --limit <n>", "at most this many of each, the dearest", wholeNumber(1), 20)
    .addOption(jsonOption())
    .action(async (options: CostsOptions) => (await import("./costs.ts")).costs(options));
  program
    .command("prompts")
    .description("show prompts")
    .command("show")
    .description("print a prompt's template, or exactly what an agent would be told")
    .argument("[prompt]", "planner, worker or judge; or summary, nudge, handOff")
    .option("-t, --task <task>", "as the worker of this task would get it")
    .option("-p, --planner <planner>", "as this planner's next turn would get it (p1, p2, … or root)")
    .option("-s, --session <session>", "as this session got it")
    .addOption(runOption())
    .addOption(jsonOption())
    .action(async (prompt: string | undefined, options: PromptsOptions) =>
      (await import("./prompts.ts")).showPrompt(prompt, options),
    );
}

function addHistory(program: Command): void {
  program
    .command("logs")
    .description("print the transcript of a session")
    .argument("<session>", "s1, s2, …")
    .addOption(runOption())
    .option("-f, --follow", "go on until the session ends")
    .addOption(jsonOption())
    .action(async (session: string, options: Common & { follow?: boolean }) =>
      (await import("./logs.ts")).logs(session, options),
    );
  program
    .command("events")
    .description("print what has happened")
    .addOption(runOption())
    .option("-f, --follow", "go on until the run ends")
    .option("--after <seq>", "only events after this number", wholeNumber(0), 0)
    .addOption(jsonOption())
    .action(async (options: Common & { follow?: boolean; after: number }) =>
      (await import("./inspect.ts")).events(options),
    );
  program
    .command("export")
    .description("print everything the store holds of a run, as JSON lines")
    .addOption(runOption())
    .addOption(new Option("--json", "the only format there is").default(true))
    .action(async (options: Common) => (await import("./inspect.ts")).exportRun(options));
}

/** For programs that run in a session. */
function addSession(program: Command, exit: (code: number) => void): void {
  program
    .command("tool")
    .description("in a session's program: list the role's tools, or call one")
    .argument("[name]", "the tool; without it, all are listed")
    .option("--json <input>", "its input, as JSON; - reads it from stdin")
    .option("--schema", "print what it takes, as a JSON schema, in place of calling it")
    .action(async (name: string | undefined, options: ToolOptions) =>
      exit(await (await import("./tool.ts")).tool(name, options)),
    );
}

endWithReader();
try {
  await makeProgram((code) => (process.exitCode = code)).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  } else {
    say(`longhaul: ${tell(error)}`);
    process.exitCode = exitCodeOf(error);
  }
}
