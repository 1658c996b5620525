import { removeIfThere } from "./remove_if_there.ts";
import { replaceFile } from "./replace_file.ts";
import { SupervisedProgram, type SupervisedProgramOptions } from "./supervised_program.ts";

export interface ConfiguredProgramOptions extends SupervisedProgramOptions {
  /** Of the configuration that `args` name; in a folder that exists. */
  readonly path: string;
  /** How it takes a new configuration: while it runs, or from its start only. */
  readonly takesNew: "reload" | "restart";
}

/** A supervised program with a configuration file of our making, which only this user reads. */
export class ConfiguredProgram implements AsyncDisposable {
  readonly #options: ConfiguredProgramOptions;
  readonly #program: SupervisedProgram;
  #text: string | undefined;

  constructor(options: ConfiguredProgramOptions) {
    this.#options = options;
    this.#program = new SupervisedProgram(options);
  }

  /**
   * Runs the program with this configuration from now on; undefined: not at all.
   * @throws Error: the file cannot be written
   */
  configure(text: string | undefined): void {
    if (text === this.#text) return;
    const before = this.#text;
    const { path, takesNew } = this.#options;
    if (text === undefined) {
      this.#text = undefined;
      return void this.#program.stop();
    }
    // A program that is started again meanwhile finds the old text or the new one.
    replaceFile(path, text);
    this.#text = text;
    if (before === undefined) this.#program.start();
    else this.#program[takesNew]();
  }

  /** Ends the program and removes its configuration. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.stop();
    removeIfThere(this.#options.path);
  }
}
