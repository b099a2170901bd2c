/**
 * The fake model as a process of its own: `node test/fake-model/main.ts --port 0 --script brains.ts [--control-token T]`.
 * The script's default export is a `FakeModelOptions`. The first line on stdout is the URL.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { say } from "./brains.ts";
import type { FakeModelOptions } from "./mind.ts";
import { startFakeModel } from "./server.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    script: { type: "string" },
    "control-token": { type: "string" },
  },
});

async function optionsOf(script: string | undefined): Promise<FakeModelOptions> {
  if (script === undefined) return { brains: [{ name: "hello", reply: say("Hello from the fake model.") }] };
  const module = (await import(pathToFileURL(resolve(script)).href)) as { default?: FakeModelOptions };
  if (module.default?.brains === undefined) throw new Error(`${script} has no default export with brains`);
  return module.default;
}

const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port ${values.port} is no port`);
const token = values["control-token"];
const model = await startFakeModel(await optionsOf(values.script), {
  port,
  ...(token === undefined ? {} : { controlToken: token }),
});
console.log(model.url);

for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    model.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
