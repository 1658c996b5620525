/** Runs a program to its end and returns what it printed; throws with its words when it fails. */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Promise<string> {
  const options: Deno.CommandOptions = {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  };
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(program, options).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Error(`${program} is needed, and not there`);
    throw error;
  }
  const decoder = new TextDecoder();
  if (output.success) return decoder.decode(output.stdout);
  const words = [output.stdout, output.stderr].map((octets) => decoder.decode(octets).trim()).filter(Boolean);
  throw new Error([`${[program, ...args].join(" ")}: exit status ${output.code}`, ...words].join("\n"));
}
