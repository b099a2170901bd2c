/** The planner's scratchpad: each turn is a fresh process, and the brief names tasks without saying what is in them. */
export type Draft = {
  name: string;
  title: string;
  instructions: string;
  paths: string[];
  dependsOn: string[];
  agent: string;
};

export type Notes = {
  /** Tasks that did not fit into a turn. */
  todo: Draft[];
  /** Groups to plan once everything else of the scope has ended. */
  last: { label: string; paths: string[] }[];
  /** What the open tasks cover, so that a failed one can be planned again, smaller. */
  planned: { [task: string]: { paths: string[]; instructions: string; agent: string } };
  /** The package around the modules has been planned; only the root planner does that. */
  packagePlanned: boolean;
  landed: number;
  files: number;
  concerns: string[];
  deviations: string[];
  findings: string[];
};

export const emptyNotes = (): Notes => ({
  todo: [],
  last: [],
  planned: {},
  packagePlanned: false,
  landed: 0,
  files: 0,
  concerns: [],
  deviations: [],
  findings: [],
});

export function readNotes(scratchpad: string): Notes | null {
  if (scratchpad.trim() === "") return null;
  try {
    return { ...emptyNotes(), ...(JSON.parse(scratchpad) as Partial<Notes>) };
  } catch (error) {
    throw new Error("the scratchpad is not what this planner writes", { cause: error });
  }
}
