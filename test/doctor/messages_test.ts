import { assert, assertEquals } from "@std/assert";
import { dsmipCommand } from "../../cli/lab/lab.ts";
import { isRoot } from "../ffi/in_namespace.ts";
import { hasProgram } from "../lab/support.ts";
import { TwoMachines } from "./two_machines.ts";

/*
 * What the daemons say on a machine that lacks something: what is wrong, and what to do.
 */

interface Lack {
  readonly name: string;
  /** A command that runs another one on a machine that lacks it. */
  readonly within: readonly string[];
  /** Programs that the test needs. */
  readonly programs: readonly string[];
  readonly says: RegExp;
}

const inMounts = (script: string) => ["unshare", "--mount", "sh", "-c", `${script} && exec "$@"`, "sh"];

const LACKS: readonly Lack[] = [
  {
    name: "no /dev/net/tun",
    within: inMounts("mount -t tmpfs tmpfs /dev/net"),
    programs: ["unshare"],
    says:
      /^dsmip: Cannot open \/dev\/net\/tun: No such file or directory .*\. .*modprobe tun.*--device \/dev\/net\/tun/,
  },
  {
    name: "a /dev/net/tun without a driver",
    within: inMounts("mount -t tmpfs -o dev tmpfs /dev/net && mknod /dev/net/tun c 10 255"),
    programs: ["unshare", "mknod"],
    says: /^dsmip: Cannot open \/dev\/net\/tun: No such device.* .*modprobe tun/,
  },
  {
    name: "root without capabilities",
    within: ["setpriv", "--bounding-set=-all", "--inh-caps=-all"],
    programs: ["setpriv"],
    says:
      /^dsmip: Cannot create the TUN device \S+: Operation not permitted .*\. Run as root, or give the process CAP_NET_ADMIN/,
  },
  {
    name: "a control socket where this user may not write",
    // Root without the right to pass over permissions.
    within: [
      "setpriv",
      "--bounding-set=-dac_override,-dac_read_search",
      ...inMounts("mount -t tmpfs -o mode=555 tmpfs /run"),
    ],
    programs: ["setpriv", "unshare"],
    says:
      /^dsmip: control socket \/run\/dsmip\/\S+: Permission denied .*; run as root, or set control_socket/,
  },
];

for (const { name, within, programs, says } of LACKS) {
  const missing = programs.filter((program) => !hasProgram(program));
  Deno.test({
    name: `daemons: ${name} (root${missing.length === 0 ? "" : `, ${missing.join(", ")}`})`,
    ignore: !isRoot || missing.length > 0,
    fn: async () => {
      await using machines = new TwoMachines();
      machines.useDefaultSockets();
      const commands = [["ha", "serve", "--config", "ha.toml"], ["mn", "up", "--config", "mn.toml"]];
      for (const [role, verb, option, file] of commands) {
        const machine = role === "ha" ? machines.ha : machines.mn;
        const { code, stderr } = await new Deno.Command("ip", {
          args: ["netns", "exec", machine.name, "timeout", "20", ...within]
            .concat(dsmipCommand(role, verb, option, machines.path(file))),
          stdin: "null",
        }).output();
        const text = new TextDecoder().decode(stderr);
        assertEquals(code, 1, text);
        assert(says.test(text), text);
      }
    },
  });
}
