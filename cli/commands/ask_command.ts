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
  const itself = `${daemon.command} ${name}`;
  return new Command(name)
    .description(description)
    .addOption(new Option("--json", `for programs: one JSON object, ${json}`))
    .addOption(controlSocketOption(daemon))
    .addOption(controlConfigOption())
    .addHelpText("after", `\nExamples:\n  ${itself}\n  ${itself} --json --control-socket ${defaultSocket}`)
    .action(async (options) => {
      const answer = await ask(daemon, await controlSocketOf(daemon, options), { command: name });
      if (options.json) return print(JSON.stringify(answer) + "\n");
      const { coloursFor } = await import("../output/colours.ts");
      const describe = await loadDescription();
      print(describe(answer, coloursFor(Deno.stdout)));
    });
}

export function controlSocketOption(daemon: DaemonKind): Option<"--control-socket <path>"> {
  const what = `where the ${daemon.title} answers (default: ${DEFAULT_CONTROL_SOCKET[daemon.kind]})`;
  return new Option("--control-socket <path>", what);
}

export function controlConfigOption(): Option<"--config <file>"> {
  return new Option("--config <file>", "take the control socket from there").conflicts("controlSocket");
}

/** The path that those two options name. */
export async function controlSocketOf(
  daemon: DaemonKind,
  options: { readonly controlSocket?: string; readonly config?: string },
): Promise<string> {
  if (options.controlSocket !== undefined) return options.controlSocket;
  if (options.config === undefined) return DEFAULT_CONTROL_SOCKET[daemon.kind];
  return (await readConfigurationOf(daemon, options.config, "ask")).controlSocket;
}

/** Asks the running daemon. @throws Failure when none answers, or when it refuses */
export async function ask(
  daemon: DaemonKind,
  path: string,
  request: { readonly command: string; readonly argument?: string; readonly timeLimitMs?: number },
): Promise<DaemonAnswer> {
  const { askDaemon, NobodyAnswers } = await import("../daemon/control_client.ts");
  try {
    const answer = await askDaemon({ path, ...request });
    if (typeof answer === "object" && answer !== null) return answer as DaemonAnswer;
    throw new Failure(`${path}: the answer is not a ${daemon.title}'s`);
  } catch (error) {
    if (!(error instanceof NobodyAnswers)) throw error;
    throw new Failure(`no ${daemon.title} answers at ${path}: is \`${daemon.start}\` running?`);
  }
}
