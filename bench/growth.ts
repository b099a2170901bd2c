/** `npm run bench -- growth`: what 20,000 landings leave behind, and whether the last cost more than the first. */
import { figure, median, table } from "./figures.ts";
import { LongRun, type LongRunFigures } from "../src/git/long-run.testsuite.ts";

const landings = 20_000;
const stretch = 2_000;

export async function measureGrowth(): Promise<string> {
  const run = await LongRun.open();
  try {
    const stretches: LongRunFigures[] = [];
    for (let done = 0; done < landings; done += stretch) {
      stretches.push(await run.land(stretch));
      await run.maintain();
    }
    await run.settle();
    const end = await run.figures([]);
    return `${table(head, [...stretches, end].map(row))}\n\n${ratioWords(stretches)}`;
  } finally {
    await run.world.close();
  }
}

const head = [
  "landed",
  "packs",
  "loose objects",
  "MB in packs",
  "bytes a landing",
  "open files",
  "MB of memory",
  "ms a landing",
];

const row = (one: LongRunFigures): string[] => [
  String(one.landed),
  String(one.packs),
  String(one.looseObjects),
  figure(one.bytes / 2 ** 20),
  figure(Math.round(one.bytes / one.landed)),
  String(one.openFiles),
  String(Math.round(one.residentBytes / 2 ** 20)),
  one.landingMs.length === 0 ? "after the last maintenance" : figure(median(one.landingMs)),
];

/** Against the second stretch: in the first everything is new to the process. */
function ratioWords(stretches: readonly LongRunFigures[]): string {
  const [early, late] = [stretches[1], stretches.at(-1)].map((one) => median(one?.landingMs ?? []));
  return `A landing of the last ${stretch} took ${figure((late ?? NaN) / (early ?? NaN))} times as long as one of the second ${stretch}.`;
}
