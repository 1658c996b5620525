/** tshark as an oracle: what it says of a capture, field by field. It knows UDP port 4191 only when told. */

export const hasTshark = await works();

async function works(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("tshark", {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** For each packet the values of each field, from the outermost header to the innermost. */
export async function tsharkFields(
  file: string,
  fields: readonly string[],
  options: readonly string[] = [],
): Promise<string[][][]> {
  const args = [
    ...["-n", "-r", file, "-d", "udp.port==4191,ipv6", ...options, "-T", "fields"],
    ...fields.flatMap((field) => ["-e", field]),
    ...["-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=;"],
  ];
  const { success, stdout, stderr } = await new Deno.Command("tshark", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).replace(/\n$/, "").split("\n")
    .map((row) => row.split("\t").map((cell) => cell === "" ? [] : cell.split(";")));
}

/** The names of all fields and protocols that this tshark knows. */
export async function tsharkFieldNames(): Promise<Set<string>> {
  const { stdout } = await new Deno.Command("tshark", { args: ["-G", "fields"] }).output();
  const rows = new TextDecoder().decode(stdout).split("\n").map((row) => row.split("\t"));
  return new Set(rows.flatMap(([kind, , name]) => kind === "F" || kind === "P" ? [name] : []));
}
