/** What the process ends with, and how faults are told: the message on stderr, never a stack for a fault that a user can mend. */
import { EnvironmentError } from "../domain/environment-error.ts";

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  environment: 3,
  budget: 4,
  interrupted: 130,
  terminated: 143,
} as const;

/** The words of the command line are wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The command was understood and could not be done: `why` is for the operator. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  return error instanceof EnvironmentError ? exitCodes.environment : exitCodes.failed;
}

export function tell(error: unknown): string {
  if (error instanceof UsageError || error instanceof RefusedError || error instanceof EnvironmentError)
    return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
