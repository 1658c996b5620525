import { dsmipCommand } from "../../cli/lab/lab.ts";

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real program: from its sources, or the file that DSMIP names. */
export async function dsmip(...words: string[]): Promise<Run> {
  const [program, ...args] = dsmipCommand(...words);
  const command = new Deno.Command(program, { args, env: { NO_COLOR: "1" }, stdin: "null" });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
