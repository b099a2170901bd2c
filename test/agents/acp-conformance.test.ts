/** An ACP agent, a real program on the other side of its protocol, behaves as every agent has to. */
import { testAgent } from "../../src/agents/agent.testsuite.ts";
import { openAcpWorld } from "./acp-world.ts";

testAgent("acp", (folder) => openAcpWorld(folder, {}));
