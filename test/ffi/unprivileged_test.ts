import { assertEquals, assertMatch } from "@std/assert";
import { isRoot } from "./in_namespace.ts";

const IMPORTS = ["errno", "socket", "tun", "netlink", "namespace"].map((module) =>
  `const ${module} = await import(${JSON.stringify(import.meta.resolve(`../../ffi/${module}.ts`))});`
).join("\n");

/** Runs a script in a process that `unshare` makes, and takes what it prints. */
function runUnshared(unshare: string[], script: string): string {
  const { success, stdout, stderr } = new Deno.Command("unshare", {
    args: [...unshare, Deno.execPath(), "eval", "--no-lock", `${IMPORTS}\n${script}`],
  }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** In a user namespace of its own the process is still the owner of files, but has no rights over the network. */
const UNPRIVILEGED = ["--user"];

function message(call: string): string {
  return runUnshared(UNPRIVILEGED, `try { ${call} } catch (error) { console.log(error.message) }`);
}

Deno.test({
  name: "without rights each refusal says what to do (root)",
  ignore: !isRoot,
  fn() {
    assertMatch(
      message(`socket.openRawSocket({ protocol: 41, address: "127.0.0.1", receiveBufferOctets: 65536 })`),
      /^Cannot open a raw socket for protocol 41: Operation not permitted \(socket: EPERM\)\. .*CAP_NET_RAW/,
    );
    assertMatch(
      message(`tun.openTun({ name: "dsmip-mn" })`),
      /^Cannot create the TUN device dsmip-mn: .*EPERM\)\. Run as root, or give the process CAP_NET_ADMIN/,
    );
    assertMatch(
      message(`new netlink.Netlink().setLink(1, { mtu: 1400 })`),
      /^Cannot change interface 1: .*\(RTM_NEWLINK: EPERM\)\. .*CAP_NET_ADMIN/,
    );
    assertMatch(
      message(`namespace.unshareNetworkNamespace()`),
      /^Cannot create a network namespace: .*\(unshare: EPERM\)\. .*CAP_SYS_ADMIN/,
    );
  },
});

Deno.test({
  name: "without rights a socket's receive buffer is what the system allows (root)",
  ignore: !isRoot,
  fn() {
    const limit = Number(Deno.readTextFileSync("/proc/sys/net/core/rmem_max"));
    const options = `{ address: "127.0.0.1", port: 0, receiveBufferOctets: ${limit * 4} }`;
    const granted = runUnshared(
      UNPRIVILEGED,
      `console.log(socket.openUdpSocket(${options}).receiveBufferOctets)`,
    );
    assertEquals(Number(granted), limit);
  },
});

Deno.test({
  name: "without /dev/net/tun the advice is how to get it (root)",
  ignore: !isRoot,
  fn() {
    const script = `
      new Deno.Command("mount", { args: ["-t", "tmpfs", "none", "/dev/net"] }).outputSync();
      try { tun.openTun({ name: "dsmip-mn" }) } catch (error) { console.log(error.message) }`;
    assertMatch(
      runUnshared(["--mount"], script),
      /^Cannot open \/dev\/net\/tun: No such file or directory \(open: ENOENT\)\. .*modprobe tun/,
    );
  },
});
