import { assertEquals, assertThrows } from "@std/assert";
import { replaceFile } from "../../cli/daemon/replace_file.ts";
import { SavedSysctls } from "../../cli/daemon/saved_sysctls.ts";
import { testInsideNamespace } from "../ffi/in_namespace.ts";
import { rootTest } from "../lab/support.ts";
import { RecordingLog } from "./recording_log.ts";

const PAGE_OCTETS = 4096;

/** A disk with room for so many files of a page. */
async function onSmallDisk(pages: number, body: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync();
  const run = (...command: string[]) => {
    const { success } = new Deno.Command(command[0], { args: command.slice(1) }).outputSync();
    if (!success) throw new Error(`'${command.join(" ")}' failed`);
  };
  run("mount", "-t", "tmpfs", "-o", `size=${pages * PAGE_OCTETS}`, "dsmip-test", folder);
  try {
    await body(folder);
  } finally {
    run("umount", folder);
    Deno.removeSync(folder);
  }
}

rootTest(
  "a file on a full disk is as it was, and nothing half written lies beside it",
  () =>
    onSmallDisk(2, (folder) => {
      const path = `${folder}/state`;
      replaceFile(path, "old");
      assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
      Deno.writeFileSync(`${folder}/filler`, new Uint8Array(PAGE_OCTETS));
      assertThrows(() => replaceFile(path, "new"));
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["filler", "state"]);
      assertEquals(Deno.readTextFileSync(path), "old");
      Deno.removeSync(`${folder}/filler`);
      // A process that was killed in the middle.
      Deno.writeTextFileSync(`${path}.new`, "hal", { mode: 0o644 });
      replaceFile(path, "new");
      assertEquals([Deno.readTextFileSync(path), Deno.statSync(path).mode! & 0o777], ["new", 0o600]);
    }),
);

testInsideNamespace(
  "kernel parameters noted before the disk was full are given back after a kill",
  async (namespace) => {
    await onSmallDisk(2, (folder) => {
      const [first, second] = ["net/ipv6/conf/lo/accept_ra", "net/ipv6/conf/lo/autoconf"];
      const valueOf = (key: string) => namespace.run("sysctl", "-n", key.replaceAll("/", ".")).trim();
      const before = [first, second].map(valueOf);
      const path = `${folder}/mn.sock.sysctls`;
      const log = new RecordingLog();
      const killed = new SavedSysctls({ path, log });
      killed.set(first, "0");
      Deno.writeFileSync(`${folder}/filler`, new Uint8Array(PAGE_OCTETS));
      killed.set(second, "0");
      assertEquals(log.of("warning").map(({ message }) => message), [
        "kernel parameters not noted: a killed daemon would leave them changed",
      ]);
      assertEquals([first, second].map(valueOf), ["0", "0"]);
      new SavedSysctls({ path, log })[Symbol.dispose]();
      assertEquals([first, second].map(valueOf), [before[0], "0"]);
    });
  },
);
