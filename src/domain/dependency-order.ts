/** Owns the order of the tasks of one plan: every dependency stands before its dependents. */

type Planned = { spec: { name: string }; dependsOnNew: string[] };

/** The tasks in order; as they came, with the names of a circle, when there is one. */
export function orderByDependency<T extends Planned>(tasks: T[]): { tasks: T[]; circle: string[] | null } {
  const byName = new Map(tasks.map((task) => [task.spec.name, task]));
  const sorted: T[] = [];
  const state = new Map<string, "open" | "sorted">();
  const path: string[] = [];
  // Iterative: a chain of 200 tasks must not depend on the size of the stack.
  for (const root of byName.keys()) {
    const stack: { name: string; next: number }[] = state.has(root) ? [] : [{ name: root, next: 0 }];
    while (stack.length > 0) {
      const frame = stack.at(-1)!;
      const task = byName.get(frame.name)!;
      if (!state.has(frame.name)) {
        state.set(frame.name, "open");
        path.push(frame.name);
      }
      const dependency = task.dependsOnNew[frame.next++];
      if (dependency === undefined) {
        state.set(frame.name, "sorted");
        sorted.push(task);
        path.pop();
        stack.pop();
      } else if (state.get(dependency) === "open") {
        return { tasks, circle: [...path.slice(path.indexOf(dependency)), dependency] };
      } else if (!state.has(dependency)) {
        stack.push({ name: dependency, next: 0 });
      }
    }
  }
  return { tasks: sorted, circle: null };
}
