import type { Finding } from "../../cli/doctor/finding.ts";
import { dsmipCommand } from "../../cli/lab/lab.ts";
import { endChild, TestNamespace, until } from "../ffi/in_namespace.ts";

const HOME_AGENT = `[home_agent]
ipv6_address = "2001:db8:100::1"
ipv4_address = "203.0.113.1"
home_prefix = "2001:db8:100::/64"
control_socket = "ha.sock"
[[mobile_node]]
identity = "mn1@example.org"
home_address = "2001:db8:100::100"
spi = 1000
key_file = "mn1.key"
`;

const MOBILE_NODE = `[mobile_node]
identity = "mn1@example.org"
home_address = "2001:db8:100::100"
home_agent_ipv6_address = "2001:db8:100::1"
home_agent_ipv4_address = "203.0.113.1"
egress = "eth0"
spi = 1000
key_file = "mn1.key"
control_socket = "mn.sock"
`;

/** What dsmip doctor --json prints, and its exit status. */
export interface Examination {
  readonly code: number;
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** "fault firewall: UDP ... is dropped by ...", one for each finding. */
  readonly lines: readonly string[];
}

/** A home agent and a mobile node, each in a network namespace, with a cable between: eth0 at both ends. */
export class TwoMachines implements AsyncDisposable {
  readonly ha = new TestNamespace();
  readonly mn = new TestNamespace();
  readonly #folder = Deno.makeTempDirSync({ prefix: "dsmip-doctor-" });
  #homeAgent: Deno.ChildProcess | undefined;

  constructor() {
    this.ha.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", this.mn.name);
    for (const [machine, host] of [[this.ha, "1"], [this.mn, "9"]] as const) {
      machine.run("sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=0");
      machine.ip("link", "set", "eth0", "up");
      machine.ip("addr", "add", `203.0.113.${host}/24`, "dev", "eth0");
      machine.ip("addr", "add", `2001:db8:1::${host}/64`, "dev", "eth0", "nodad");
    }
    this.ha.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1");
    this.mn.ip("-6", "route", "add", "default", "via", "2001:db8:1::1");
    Deno.writeTextFileSync(`${this.#folder}/mn1.key`, "00112233445566778899aabbccddeeff\n", { mode: 0o600 });
    this.write("ha.toml", HOME_AGENT);
    this.write("mn.toml", MOBILE_NODE);
  }

  /** Writes a file beside the key. */
  write(name: string, text: string): void {
    Deno.writeTextFileSync(this.path(name), text);
  }

  path(name: string): string {
    return `${this.#folder}/${name}`;
  }

  /** The good configuration with more lines in its first table. */
  change(name: "ha.toml" | "mn.toml", lines: string): void {
    const text = name === "ha.toml" ? HOME_AGENT : MOBILE_NODE;
    this.write(name, text.replace("\n", `\n${lines}\n`));
  }

  /** Both configurations without a control socket of their own. */
  useDefaultSockets(): void {
    for (const [name, text] of [["ha.toml", HOME_AGENT], ["mn.toml", MOBILE_NODE]] as const) {
      this.write(name, text.replace(/^control_socket.*\n/m, ""));
    }
  }

  /**
   * Runs dsmip doctor --json.
   * @param within a command that runs it: another mount namespace, another user
   */
  async examine(machine: TestNamespace, file: string, within: readonly string[] = []): Promise<Examination> {
    const words = dsmipCommand("doctor", "--json", "--config", this.path(file));
    const command = new Deno.Command("ip", {
      args: ["netns", "exec", machine.name, ...within, ...words],
      stdin: "null",
    });
    const { code, stdout, stderr } = await command.output();
    const text = new TextDecoder().decode(stdout);
    if (text === "") throw new Error(new TextDecoder().decode(stderr));
    const { ok, findings } = JSON.parse(text) as Pick<Examination, "ok" | "findings">;
    return { code, ok, findings, lines: findings.map((one) => `${one.state} ${one.check}: ${one.text}`) };
  }

  /** Starts the home agent, and waits until it serves. */
  async serve(): Promise<void> {
    const log = this.path("ha.log");
    Deno.writeTextFileSync(log, "");
    const words = dsmipCommand("ha", "serve", "--config", this.path("ha.toml"));
    this.#homeAgent = new Deno.Command("ip", {
      args: ["netns", "exec", this.ha.name, "sh", "-c", 'exec "$@" 2>"$0"', log, ...words],
      stdin: "null",
      stdout: "null",
    }).spawn();
    const isReady = () => Deno.readTextFileSync(log).includes("home agent ready");
    try {
      await until("the home agent serves", isReady, 20_000);
    } catch (error) {
      throw new Error(`the home agent says: ${Deno.readTextFileSync(log)}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#homeAgent !== undefined) await endChild(this.#homeAgent, "SIGTERM");
    this.ha.remove();
    this.mn.remove();
    Deno.removeSync(this.#folder, { recursive: true });
  }
}
