import { assert } from "@std/assert";
import { dsmipCommand } from "../../cli/lab/lab.ts";
import { dsmip } from "../cli/dsmip.ts";
import { readPage } from "./stage.ts";

const CAPTURE = new URL("../vectors/lab_nat_home_agent.pcap", import.meta.url);

/** "dsmip decode ..." of an indented line, without what is said about it behind two spaces. */
function decodeLines(page: string): string[] {
  return [...page.matchAll(/^ {4}(dsmip decode .*?)(?: {2}.*)?$/gm)].map(([, command]) => command);
}

Deno.test("docs: every decode command of other pages works as written", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "dsmip-decode-pages-" });
  try {
    Deno.copyFileSync(CAPTURE, `${folder}/capture.pcap`);
    const { stdout: associations } = await dsmip("config", "esp", "2001:db8:100::100", "2001:db8:100::1");
    Deno.writeTextFileSync(`${folder}/mn1.esp`, associations, { mode: 0o600 });
    const program = dsmipCommand().map((word) => `'${word}'`).join(" ");
    let count = 0;
    for (const { name } of Deno.readDirSync(new URL("../../docs/", import.meta.url))) {
      if (!name.endsWith(".md")) continue;
      for (const line of decodeLines(readPage(name))) {
        const { code, stderr } = await new Deno.Command("sh", {
          args: ["-c", `dsmip() { ${program} "$@"; }; ${line}`],
          cwd: folder,
          stdin: "null",
        }).output();
        assert(code === 0, `${name}: ${line}: ${new TextDecoder().decode(stderr)}`);
        count++;
      }
    }
    assert(count >= 4, `${count} lines`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
