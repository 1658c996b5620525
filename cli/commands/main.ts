import { readDaemonCommandLine } from "./daemon_command_line.ts";

/**
 * Runs one command line and returns the exit status: 0 done, 1 it failed, 2 it was not asked in a way that can
 * work, 3 packets break the rules. Data goes to standard output; everything else to standard error.
 */
export async function main(commandLine: readonly string[]): Promise<number> {
  const daemon = readDaemonCommandLine(commandLine);
  if (daemon === undefined) {
    const { runProgram } = await import("./program.ts");
    return await runProgram(commandLine);
  }
  try {
    const { runDaemon } = await import("./run_daemon.ts");
    await runDaemon(daemon);
    return 0;
  } catch (error) {
    const { exitStatusOf } = await import("./exit_status.ts");
    return exitStatusOf(error, daemon);
  }
}
