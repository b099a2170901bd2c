/** A script for `main.ts`: a greeter with two credentials. */
import { otherwise, role, say } from "./brains.ts";
import type { FakeModelOptions } from "./mind.ts";

const script: FakeModelOptions = {
  brains: [role("greeter", /./, say("Hello.")), otherwise("What?")],
  credentials: { one: "key-one", two: "key-two" },
  models: [{ id: "fake-model" }],
};
export default script;
