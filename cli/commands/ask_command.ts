import { Command, Option } from "commander";
import { DEFAULT_CONTROL_SOCKET } from "../configuration/default_socket.ts";
import type { Colours } from "../output/colours.ts";
import { Failure } from "../output/fault.ts";
import type { DaemonAnswer } from "../output/status_view.ts";
import { print } from "../output/write.ts";
import { type DaemonKind, readConfigurationOf } from "./daemon_kind.ts";

export interface AskCommandOptions {
  readonly name: string;
  readonly description: string;
  readonly daemon: DaemonKind;
  /** The object that --json prints: "{bindings, counters}". */
  readonly json: string;
  /** Loads what writes an answer for people. */
  readonly loadDescription: () => Promise<(answer: DaemonAnswer, colours: Colours) => string>;
}

/** A command that asks the running daemon over its control socket, with the request of the same name. */
export function askCommand({ name, description, daemon, json, loadDescription }: AskCommandOptions) {
  const defaultSocket = DEFAULT_CONTROL_SOCKET[daemon.kind];
  const itself = `dsmip ${daemon.kind === "homeAgent" ? "ha" : "mn"} ${name}`;
  return new Command(name)
    .description(description)
    .addOption(new Option("--json", `for programs: one JSON object, ${json}`))
    .addOption(
      new Option("--control-socket <path>", `where the ${daemon.title} answers (default: ${defaultSocket})`),
    )
    .addOption(new Option("--config <file>", "take the control socket from there").conflicts("controlSocket"))
    .addHelpText("after", `\nExamples:\n  ${itself}\n  ${itself} --json --control-socket ${defaultSocket}`)
    .action(async (options) => {
      const path = options.controlSocket ??
        (options.config === undefined
          ? defaultSocket
          : (await readConfigurationOf(daemon, options.config)).controlSocket);
      const answer = await ask(daemon, path, name);
      if (options.json) return print(JSON.stringify(answer) + "\n");
      const { coloursFor } = await import("../output/colours.ts");
      const describe = await loadDescription();
      print(describe(answer, coloursFor(Deno.stdout)));
    });
}

async function ask(daemon: DaemonKind, path: string, command: string): Promise<DaemonAnswer> {
  const { askDaemon, NobodyAnswers } = await import("../daemon/control_client.ts");
  try {
    const answer = await askDaemon({ path, command });
    if (typeof answer === "object" && answer !== null) return answer as DaemonAnswer;
    throw new Failure(`${path}: the answer is not a ${daemon.title}'s`);
  } catch (error) {
    if (!(error instanceof NobodyAnswers)) throw error;
    throw new Failure(`no ${daemon.title} answers at ${path}: is \`${daemon.start}\` running?`);
  }
}
