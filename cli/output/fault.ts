/** The user asked for something that cannot be: a wrong option, a wrong configuration. Exit status 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Something that may well happen went wrong, and the message says all there is to say. Exit status 1. */
export class Failure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "Failure";
  }
}

/** `decode --lint` found an error or a warning, and has said so. Exit status 3. */
export class RulesBroken extends Error {
  constructor() {
    super("packets break the rules");
    this.name = "RulesBroken";
  }
}

/** `doctor` found a fault, and has said so. Exit status 1. */
export class FaultsFound extends Error {
  constructor() {
    super("faults were found");
    this.name = "FaultsFound";
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
