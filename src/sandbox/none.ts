/** No sandbox: programs run with the operator's own rights. Chosen by name alone, recorded on the run and shown. */
import type { Sandbox } from "./sandbox.ts";

export const none: Sandbox = {
  kind: "none",
  says: ["Programs run with your own rights: they read your files and keys, and reach the network."],
  lacks: [],
  confine: ({ argv, directory, environment }) => ({
    argv,
    directory,
    environment,
    began: () => true,
    release: async () => {},
  }),
};
