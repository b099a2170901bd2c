import { EnvironmentError } from "../domain/environment-error.ts";

/** A configuration that cannot be used: `place` is its file. */
export class ConfigError extends EnvironmentError {}
