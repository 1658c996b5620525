import { assert } from "@std/assert";
import { adviseNftables } from "../../ffi/nft_table.ts";
import { EEXIST, EINVAL, EOPNOTSUPP, EPERM, EPROTONOSUPPORT } from "../../ffi/errno.ts";
import { hasProgram } from "../lab/support.ts";

const PROGRAM = `import { OwnedTables } from ${
  JSON.stringify(new URL("../../ffi/nft_table.ts", import.meta.url).href)
};
try { new OwnedTables({ name: "x", set: "s", chains: { ip: [], ip6: [] } }); } catch (error) { console.log(error.message); }`;

Deno.test("nftables: for a kernel that is too old there is advice, for other faults there is none", () => {
  for (const errno of [EPROTONOSUPPORT, EINVAL, EOPNOTSUPP]) {
    assert(adviseNftables(errno)?.includes("Linux 5.12"));
  }
  for (const errno of [EEXIST, EPERM]) assert(adviseNftables(errno) === undefined);
});

Deno.test({
  name: `nftables: a kernel without it says so, and what to do${hasProgram("strace") ? "" : " (strace)"}`,
  ignore: !hasProgram("strace"),
  fn: async () => {
    const folder = Deno.makeTempDirSync();
    try {
      Deno.writeTextFileSync(`${folder}/x.ts`, PROGRAM);
      // strace makes the kernel refuse the family, as one without nf_tables does.
      const { stdout, stderr } = await new Deno.Command("strace", {
        args: [
          "-f",
          "-qq",
          "-o",
          "/dev/null",
          "-e",
          "trace=socket",
          "-e",
          "inject=socket:error=EPROTONOSUPPORT",
        ]
          .concat([Deno.execPath(), "run", "-A", "--no-check", `${folder}/x.ts`]),
        stdin: "null",
      }).output();
      const text = new TextDecoder().decode(stdout);
      const why =
        "Cannot open a netlink socket: Protocol not supported (socket: EPROTONOSUPPORT). Load the module (`modprobe nf_tables`)";
      assert(text.startsWith(why), text + new TextDecoder().decode(stderr));
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
