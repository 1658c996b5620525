import type { Lab } from "./lab.ts";
import { runProgram } from "./process.ts";

/** A real masquerading NAT: nftables on the access router. */
export class Nat {
  constructor(readonly lab: Lab, readonly node: string, readonly outside: string, readonly router: string) {}

  /** Keeps source ports where they are free, as Linux does by itself. */
  start(): Promise<void> {
    return this.#load("masquerade");
  }

  /**
   * Forgets all mappings, as a NAT does that was switched off and on: the kernel drops a masquerade's state when its
   * interface goes down. With `ports`, later mappings of UDP are on those ports. Returns how many mappings to the
   * port were there before and after; undefined where the kernel does not show them.
   */
  async flush(port: number, ports?: string): Promise<{ before: number; after: number } | undefined> {
    const { lab, node, outside } = this;
    const before = await this.#mappings(port);
    await lab.network.ip(node, ["link", "set", outside, "down"]);
    const after = await this.#mappings(port);
    if (ports !== undefined) await this.#load(`masquerade to :${ports}`);
    await lab.network.batch(node, [`link set ${outside} up`, `route replace default via ${this.router}`]);
    return before === undefined || after === undefined ? undefined : { before, after };
  }

  async #load(udp: string): Promise<void> {
    const { lab, node, outside } = this;
    const table = `
table ip nat
delete table ip nat
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat
    oifname "${outside}" meta l4proto udp ${udp}
    oifname "${outside}" masquerade
  }
}
`;
    await lab.network.exec(node, ["nft", "-f", "-"], { input: table });
  }

  async #mappings(port: number): Promise<number | undefined> {
    const command = this.lab.network.inside(this.node, ["cat", "/proc/net/nf_conntrack"]);
    const { code, stdout } = await runProgram(command);
    return code === 0
      ? stdout.split("\n").filter((line) => line.includes(`dport=${port} `)).length
      : undefined;
  }
}
