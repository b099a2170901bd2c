/** What a worker or a sub-planner reports upward when it ends. */
export type Handoff = {
  /** What was done, in one or a few sentences. */
  done: string;
  notes: string[];
  concerns: string[];
  /** Where the work departs from what was asked. */
  deviations: string[];
  findings: string[];
  suggestions: string[];
};

export function handoffOf(done: string, rest: Partial<Omit<Handoff, "done">> = {}): Handoff {
  return { done, notes: [], concerns: [], deviations: [], findings: [], suggestions: [], ...rest };
}
