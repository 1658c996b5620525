import { assert, assertEquals } from "@std/assert";
import { neededCapabilities } from "../../cli/daemon/least_privilege.ts";
import { capabilitySet } from "../../ffi/capabilities.ts";
import { testInNamespace, until } from "../ffi/in_namespace.ts";
import { hasProgram } from "../lab/support.ts";
import { OPEN_HOME_AGENT_TOML } from "./configuration_files.ts";
import { RunningDaemon } from "./running_daemon.ts";

const MOBILE_NODE = `[mobile_node]
identity = "mn1@example.org"
home_address = "2001:db8:100::100"
home_agent_ipv6_address = "2001:db8:100::1"
home_agent_ipv4_address = "203.0.113.2"
egress = "eth0"
authentication = "none"
`;
const ALWAYS = ["CAP_NET_ADMIN", "CAP_NET_RAW"];

function withFile(text: string, use: (path: string, folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
  try {
    Deno.writeTextFileSync(`${folder}/it.toml`, text);
    use(`${folder}/it.toml`, folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("least privilege: what a configuration needs besides CAP_NET_ADMIN and CAP_NET_RAW", () => {
  const cases: [text: string, more: string[]][] = [
    [OPEN_HOME_AGENT_TOML, []],
    [MOBILE_NODE, []],
    [`${OPEN_HOME_AGENT_TOML}# workers = 4\n`, []],
    [`${OPEN_HOME_AGENT_TOML}workers = 4\n`, ["CAP_BPF"]],
    [`${OPEN_HOME_AGENT_TOML}port = 443\n`, ["CAP_NET_BIND_SERVICE"]],
    [`${OPEN_HOME_AGENT_TOML}mobile_network_pool = "2001:db8:f00::/48"\n`, ["CAP_NET_BIND_SERVICE"]],
    [`${MOBILE_NODE}request_prefixes = 1\nworkers = 2\n`, ["CAP_BPF", "CAP_NET_BIND_SERVICE"]],
    [`${MOBILE_NODE}local_port = 443\n`, ["CAP_NET_BIND_SERVICE"]],
    // The same keys as TOML lets them be written, too.
    ["home_agent.port = 443\nhome_agent.workers = 2\n", ["CAP_BPF", "CAP_NET_BIND_SERVICE"]],
    ["home_agent = { workers = 2, port = 443 }\n", ["CAP_BPF", "CAP_NET_BIND_SERVICE"]],
    [`${OPEN_HOME_AGENT_TOML}"workers" = 2\n 'port' = 443\n`, ["CAP_BPF", "CAP_NET_BIND_SERVICE"]],
    [`${OPEN_HOME_AGENT_TOML} \t# port = 443\n`, []],
    [`${MOBILE_NODE}[mobile_network]\ninterface = "lan0"\n`, ["CAP_NET_BIND_SERVICE"]],
  ];
  for (const [text, more] of cases) {
    withFile(text, (path) => {
      const needed = [...neededCapabilities(path)].filter((name) => name !== "CAP_DAC_READ_SEARCH");
      assertEquals(needed.sort(), [...more, ...ALWAYS].sort(), text);
    });
  }
});

Deno.test("least privilege: a configuration that cannot be read twice keeps what any needs", () => {
  assertEquals(
    [...neededCapabilities("/dev/null")].sort(),
    ["CAP_BPF", "CAP_NET_BIND_SERVICE", ...ALWAYS].sort(),
  );
  assertEquals(neededCapabilities("/no/such/file"), neededCapabilities("/dev/null"));
});

Deno.test({
  name:
    "least privilege: root may look into a folder that another user keeps closed, where the configuration is there (root)",
  ignore: Deno.uid() !== 0,
  fn: () => {
    withFile(OPEN_HOME_AGENT_TOML, (path, folder) => {
      Deno.chmodSync(folder, 0o700);
      const before = neededCapabilities(path);
      Deno.chownSync(folder, 65534, 65534);
      assert(!before.has("CAP_DAC_READ_SEARCH") && neededCapabilities(path).has("CAP_DAC_READ_SEARCH"));
      Deno.chmodSync(folder, 0o711);
      assertEquals(neededCapabilities(path), before);
    });
  },
});

for (
  const [name, words, text, kept] of [
    ["home agent", ["ha", "serve"], OPEN_HOME_AGENT_TOML, ALWAYS],
    ["home agent with workers", ["ha", "serve"], `${OPEN_HOME_AGENT_TOML}workers = 2\n`, [
      "CAP_BPF",
      ...ALWAYS,
    ]],
    ["mobile node", ["mn", "up"], MOBILE_NODE, ALWAYS],
  ] as [string, string[], string, Parameters<typeof capabilitySet>[0]][]
) {
  testInNamespace(
    `least privilege: every thread of a ${name} that root starts has what it needs, for good`,
    async (namespace) => {
      namespace.ip("address", "add", "203.0.113.1/24", "dev", "lo");
      const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
      Deno.writeTextFileSync(
        `${folder}/it.toml`,
        `${text.replace("\n", `\ncontrol_socket = "${folder}/sock"\n`)}`,
      );
      const daemon = new RunningDaemon(namespace.name, [...words, "--config", `${folder}/it.toml`]);
      try {
        await daemon.until("ready", () => daemon.log.includes(" ready "));
        const threads = daemon.threads();
        assert(threads.length > 3, `${threads.length} threads`);
        const set = capabilitySet(kept).toString(16).padStart(16, "0");
        for (const thread of threads) {
          for (const field of ["CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
            assertEquals(thread.get(field), set, field);
          }
          assertEquals(thread.get("NoNewPrivs"), "1");
        }
        const environment = Deno.readTextFileSync(`/proc/${daemon.pid}/environ`).split("\0");
        assert(environment.includes("DENO_NO_UPDATE_CHECK=1"), "it asks the Internet for a newer runtime");
        if (hasProgram("setpriv")) await assertClosed(daemon.pid, kept);
      } finally {
        assertEquals(await daemon.end(), 0, daemon.log);
        Deno.removeSync(folder, { recursive: true });
      }
    },
  );
}

/** Another process of this user, with the same capabilities, reads nothing of its memory: of one that does not mind it may. */
async function assertClosed(pid: number, capabilities: Iterable<string>): Promise<void> {
  const names = [...capabilities].map((name) => `+${name.replace("CAP_", "").toLowerCase()}`);
  const like = ["--bounding-set", ["-all", ...names].join(",")];
  const open = new Deno.Command("setpriv", { args: [...like, "sleep", "60"] }).spawn();
  const canRead = (pid: number) => {
    const args = [...like, "cat", `/proc/${pid}/environ`];
    return new Deno.Command("setpriv", { args, stdout: "null", stderr: "null" }).outputSync().success;
  };
  try {
    await until("a process that does not mind", () => canRead(open.pid));
    assertEquals(canRead(pid), false);
  } finally {
    open.kill("SIGKILL");
    await open.status;
  }
}
