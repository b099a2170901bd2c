/** What an agent gets through the meter is what the provider sent, and what is counted is what the provider billed. */
import { describe, expect, test } from "vitest";
import { billedTokens } from "../../../src/agents/model/call.testsuite.ts";
import { call, sequence, text, think } from "../../fake-model/brains.ts";
import { started } from "../../fake-model/sdk.testsuite.ts";
import { bodyOf, direct, endsOf, openWorld, post, realKey, wireNames, wires } from "./world.ts";

const brains = [
  { name: "b", reply: sequence([think("Hm, ä 漢字 🙂."), text("Hello 漢字 🙂!"), call("read", { path: "ä.txt" })]) },
];
const fixed = { brains, now: () => 1_700_000_000_000 };

describe.each(wireNames)("%s", (wire) => {
  const { kind } = wires[wire];

  test.each(["a stream", "an object"])("%s arrives byte for byte, and is counted to the token", async (form) => {
    const body = bodyOf(wire, form === "a stream" ? {} : { stream: false, stream_options: undefined });
    const other = await started({ ...fixed, credentials: { main: realKey } });
    const { model, host, metered, activity } = await openWorld({ ...fixed, kind });
    const [there, here] = [await post(direct(other), wire, body), await post(metered, wire, body)];
    expect(here.status).toBe(200);
    expect(Buffer.from(await here.arrayBuffer())).toEqual(Buffer.from(await there.arrayBuffer()));
    expect(here.headers.get("content-type")).toBe(there.headers.get("content-type"));
    expect(model.received[0]?.body).toEqual(JSON.parse(JSON.stringify(body)));
    await metered.close();
    const [end] = endsOf(host);
    expect(end).toMatchObject({ fault: null, priceSource: "overridden", tries: 1 });
    expect(end?.tokens).toEqual(billedTokens(model.ledger.total().billed));
    expect(host.calls[0]?.planned).toMatchObject({ credential: "vendor", model: "vendor/priced" });
    expect(metered.calls()).toBe(1);
    expect(activity.count).toBeGreaterThan(0);
  });
});
