/** What a session prints becomes few entries, in order, whole within its bound. */
import { expect, test } from "vitest";
import type { Claim } from "../domain/session.ts";
import type { Store, TranscriptEntry } from "./store-port.ts";
import { Transcript } from "./transcript.ts";

function makeTranscript(bytesMax = 1_000) {
  const written: TranscriptEntry[][] = [];
  const store = { appendTranscript: async (_: Claim, entries: TranscriptEntry[]) => void written.push(entries) };
  let fire = () => {};
  const clock = {
    elapsed: () => 0,
    now: () => 7,
    timer(_: number, due: () => void) {
      fire = due;
      return () => {};
    },
  };
  const transcript = new Transcript(store as unknown as Store, clock, {} as Claim, bytesMax, (error) => {
    throw error;
  });
  return { transcript, written, passTime: () => fire() };
}

const said = (entries: readonly TranscriptEntry[] | undefined) => entries?.map(({ kind, text }) => `${kind} ${text}`);

test("pieces of one stream are one entry until they are written or something else comes between", async () => {
  const { transcript, written, passTime } = makeTranscript();
  for (const text of ["a", "b", "c"]) transcript.add("stdout", text);
  transcript.add("stderr", "d");
  transcript.add("stdout", "e");
  passTime();
  transcript.add("stdout", "f");
  await transcript.end();
  expect(written.map(said)).toEqual([["stdout abc", "stderr d", "stdout e"], ["stdout f"]]);
});

test("the engine's own words are each an entry", async () => {
  const { transcript, written } = makeTranscript();
  for (const text of ["a", "b"]) transcript.add("note", text);
  await transcript.end();
  expect(said(written[0])).toEqual(["note a", "note b"]);
});

test("past its bound the start and the end are kept", async () => {
  const { transcript, written } = makeTranscript(8);
  for (const text of ["abcd", "efgh", "ijkl"]) transcript.add("stdout", text);
  await transcript.end();
  expect(said(written.flat())?.at(0)).toBe("stdout abcd");
  expect(said(written.flat())?.at(-1)).toBe("stdout ijkl");
});
