/** `longhaul costs`: the ledger's totals. */
import { costGroups, type CostGroup } from "../engine/views.ts";
import { renderCosts } from "../terminal/costs.ts";
import { UsageError } from "./exit.ts";
import type { Common } from "./inspect.ts";
import { colorOn, print, printJson, widthOf } from "./output.ts";
import { chooseRun, withProject } from "./project.ts";

export type CostsOptions = Common & { by?: string; limit: number };

/** What nobody asked for more closely. */
const usualGroups: readonly CostGroup[] = ["role", "model", "cycle"];

export function costs({ run: named, json, by, limit }: CostsOptions): Promise<void> {
  if (by !== undefined && !costGroups.includes(by as CostGroup))
    throw new UsageError(`Costs are not kept by "${by}": ask for one of ${costGroups.join(", ")}.`);
  const groups = by === undefined ? usualGroups : [by as CostGroup];
  return withProject(false, async (project) => {
    const run = await chooseRun(project, named);
    const views = [];
    for (const group of groups) views.push(await project.views.costs(run.id, group, limit));
    const { budget } = run.config;
    if (json)
      printJson({
        run: run.id,
        spend: run.spend,
        budget,
        total: views[0]?.total,
        groups: views.map((view) => ({ by: view.by, rows: view.rows, hidden: view.hidden })),
      });
    else print(renderCosts(run, views, { color: colorOn(process.stdout), width: widthOf(process.stdout) }));
  });
}
