/**
 * What the agents of these tests have at hand. An agent is a function whose text becomes a program of its own
 * (`World.configure`), so neither it nor `agentTools` may use anything from around it.
 */
import type { ArbiterBrief, JudgeBrief, PlannerBrief, WorkerBrief } from "../../src/domain/brief.ts";

type Tools = {
  /** What the test gave with `World.configure({ data })`. */
  data: string;
  /** Leaves a note for the test: `World.notes(name)`. */
  note(name: string, what: unknown): void;
  /** Says that it is here, and waits until the test opens the gate. */
  gate(name: string): Promise<void>;
  /** stdout. */
  print(answer: unknown): void;
  /** stderr. */
  log(text: string): void;
  /** Of the workspace; null when it is not there. */
  read(path: string): string | null;
  write(path: string, text: string): void;
  remove(path: string): void;
  /** Waits until the file is there. */
  appears(path: string): Promise<void>;
  wait(ms: number): Promise<void>;
};

export type PlannerTools = Tools & { brief: PlannerBrief; plan(...actions: unknown[]): void };
export type WorkerTools = Tools & { brief: WorkerBrief };
export type ArbiterTools = Tools & { brief: ArbiterBrief };
export type JudgeTools = Tools & { brief: JudgeBrief };

export function agentTools(data: string): unknown {
  const fs = process.getBuiltinModule("node:fs");
  const path = process.getBuiltinModule("node:path");
  const world = process.env["LONGHAUL_CONFIG_DIR"] ?? "";
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const appears = async (file: string) => {
    while (!fs.existsSync(file)) await wait(10);
  };
  return {
    brief: JSON.parse(fs.readFileSync(process.env["LONGHAUL_BRIEF"] ?? "", "utf8")) as unknown,
    data,
    wait,
    appears,
    note: (name: string, what: unknown) =>
      fs.appendFileSync(path.join(world, "notes", name), `${JSON.stringify(what)}\n`),
    async gate(name: string) {
      fs.writeFileSync(path.join(world, "gates", `${name}.reached`), "");
      await appears(path.join(world, "gates", `${name}.open`));
    },
    print: (answer: unknown) => fs.writeSync(1, typeof answer === "string" ? answer : JSON.stringify(answer)),
    plan: (...actions: unknown[]) => fs.writeSync(1, JSON.stringify({ version: 1, actions })),
    log: (text: string) => fs.writeSync(2, text),
    read: (file: string) => (fs.existsSync(file) ? fs.readFileSync(file, "utf8") : null),
    write(file: string, text: string) {
      fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
      fs.writeFileSync(file, text);
    },
    remove: (file: string) => fs.rmSync(file),
  };
}
