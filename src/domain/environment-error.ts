/** A fault of the surroundings that the person who started Longhaul can mend: it says where, what, and how to mend it. */
export class EnvironmentError extends Error {
  override readonly name = "EnvironmentError";
  /** The program, path, branch or address that is at fault. */
  readonly place: string;
  /** What is wrong there: the beginning of a sentence, without a full stop. */
  readonly problem: string;
  /** What to do about it: one sentence. */
  readonly mend: string;

  constructor(place: string, problem: string, mend: string, options?: ErrorOptions) {
    super(`${place}: ${problem}${problem.endsWith("\n") ? "" : ". "}${mend}`, options);
    this.place = place;
    this.problem = problem;
    this.mend = mend;
  }
}
