/** Debian's, where python3-scapy is; another Python may stand before it in the path. */
const PYTHON = "/usr/bin/python3";

export const hasScapy = await new Deno.Command(PYTHON, { args: ["-c", "import scapy"], stderr: "null" })
  .output().then(({ success }) => success, () => false);

/** The name of a test that needs scapy; such a test is ignored where it is missing. */
export function scapyName(what: string): string {
  return hasScapy ? what : `${what} (skipped: needs the Debian package python3-scapy)`;
}

/** Runs a Python script that reads JSON and writes JSON. @throws Error with what it said, when it fails */
export async function askScapy(script: URL, request: unknown): Promise<unknown> {
  const child = new Deno.Command(PYTHON, {
    args: [script.pathname],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(request)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
