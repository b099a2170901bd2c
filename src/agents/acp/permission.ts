/**
 * What an agent is told when it asks whether it may do something. Nobody is there to ask, and what confines it is its
 * workspace, not its own manners: it may, this once. "Always" would be written into a settings file, often of the workspace.
 */
export type PermissionOption = { optionId: string; name: string; kind: string };

/** null: nothing on offer is a yes. */
export function choose(options: readonly PermissionOption[]): PermissionOption | null {
  return ["allow_once", "allow_always"].flatMap((kind) => options.filter((option) => option.kind === kind))[0] ?? null;
}
