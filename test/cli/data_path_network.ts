import type { Ipv6Sockets } from "../../cli/daemon/data_path_sockets.ts";
import { formatIpv6, parseIpv6 } from "../../core/wire/address.ts";
import { check } from "../../ffi/errno.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { libc } from "../../ffi/libc.ts";
import { inNetworkNamespace } from "../../ffi/namespace.ts";
import { IPPROTO_RAW, openRaw6Socket } from "../../ffi/raw6_socket.ts";
import { openRawSocket, openUdpSocket, type UdpSocket } from "../../ffi/socket.ts";
import { openTun, type Tun } from "../../ffi/tun.ts";
import { NO_TUN_OFFLOADS, type TunOffloads } from "../../ffi/tun_offloads.ts";
import { run, until } from "../ffi/in_namespace.ts";

export const AGENT_V4 = "192.0.2.1";
export const NODE_V4 = "192.0.2.2";
export const AGENT_V6 = "2001:db8:f::1";
export const NODE_V6 = "2001:db8:f::2";
export const AGENT_TUN = "dsmip-ha";
export const NODE_TUN = "dsmip-mn";

let count = 0;

/** Two network namespaces, "agent" and "node", with a veth pair between them; all descriptors are closed at the end. */
export class DataPathNetwork implements Disposable {
  /** Of the TUN devices. */
  readonly offloads: TunOffloads;
  readonly agent = `dsmfwd-a${Deno.pid}-${count}`;
  readonly node = `dsmfwd-n${Deno.pid}-${count++}`;
  readonly #descriptors = new Set<number>();

  constructor(offloads: TunOffloads = NO_TUN_OFFLOADS) {
    this.offloads = offloads;
    for (const namespace of [this.agent, this.node]) {
      run("ip", "netns", "add", namespace);
      this.ip(namespace, "link", "set", "lo", "up");
      // No router solicitations or multicast reports of the kernel's between our packets.
      this.sysctl(namespace, "net.ipv6.conf.default.router_solicitations=0");
      this.sysctl(namespace, "net.ipv6.conf.default.addr_gen_mode=1");
    }
    this.ip(this.agent, "link", "add", "wan", "type", "veth", "peer", "name", "wan", "netns", this.node);
    this.ip(this.agent, "address", "add", `${AGENT_V4}/24`, "dev", "wan");
    this.ip(this.node, "address", "add", `${NODE_V4}/24`, "dev", "wan");
    this.ip(this.agent, "address", "add", `${AGENT_V6}/64`, "dev", "wan", "nodad");
    this.ip(this.node, "address", "add", `${NODE_V6}/64`, "dev", "wan", "nodad");
    for (const namespace of [this.agent, this.node]) this.ip(namespace, "link", "set", "wan", "up");
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#descriptors) closeFileDescriptor(descriptor);
    for (const namespace of [this.agent, this.node]) run("ip", "netns", "del", namespace);
  }

  ip(namespace: string, ...args: string[]): string {
    return run("ip", "-n", namespace, ...args);
  }

  sysctl(namespace: string, setting: string): void {
    run("ip", "netns", "exec", namespace, "sysctl", "-q", "-w", setting);
  }

  /** A TUN device that is up, with these addresses and routes through it. */
  tun(
    namespace: string,
    name: string,
    addresses: readonly string[],
    routes: readonly string[],
    offloads = this.offloads,
  ): Tun {
    const tun = inNetworkNamespace(namespace, () => openTun({ name, offloads }));
    this.#descriptors.add(tun.fileDescriptor);
    this.ip(namespace, "link", "set", name, "up");
    for (const address of addresses) {
      this.ip(namespace, "address", "add", address, "dev", name, ...address.includes(":") ? ["nodad"] : []);
    }
    for (const route of routes) this.ip(namespace, "route", "add", route, "dev", name);
    return tun;
  }

  udp(namespace: string, port: number, { receiveMerged = false } = {}): UdpSocket {
    const address = this.outerAddress(namespace);
    const socket = inNetworkNamespace(
      namespace,
      () => openUdpSocket({ address, port, receiveBufferOctets: 4 << 20, receiveMerged }),
    );
    this.#descriptors.add(socket.fileDescriptor);
    return socket;
  }

  raw(namespace: string, protocol: number): number {
    const { fileDescriptor } = inNetworkNamespace(
      namespace,
      () => openRawSocket({ protocol, address: this.outerAddress(namespace), receiveBufferOctets: 4 << 20 }),
    );
    this.#descriptors.add(fileDescriptor);
    return fileDescriptor;
  }

  /** The sockets for protocols 41 and 4 over IPv6. */
  ipv6Sockets(namespace: string): Ipv6Sockets {
    const address = namespace === this.agent ? AGENT_V6 : NODE_V6;
    const open = (protocol: number) => {
      const options = { protocol, address, bufferOctets: 4 << 20 };
      const fileDescriptor = inNetworkNamespace(namespace, () => openRaw6Socket(options));
      this.#descriptors.add(fileDescriptor);
      return fileDescriptor;
    };
    return {
      sendFileDescriptor: open(IPPROTO_RAW),
      rawIpv6FileDescriptor: open(41),
      rawIpv4FileDescriptor: open(4),
      outerSource: address,
    };
  }

  close(fileDescriptor: number): void {
    this.#descriptors.delete(fileDescriptor);
    closeFileDescriptor(fileDescriptor);
  }

  outerAddress(namespace: string): string {
    return namespace === this.agent ? AGENT_V4 : NODE_V4;
  }

  /** What a script prints that runs there. */
  async deno(namespace: string, ...args: string[]): Promise<string> {
    const command = ["netns", "exec", namespace, Deno.execPath(), "run", "-A", "--no-check", ...args];
    const { success, stdout, stderr } = await new Deno.Command("ip", { args: command }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  }

  /** An ordinary program's UDP socket, inside; an IPv4 address is to be IPv4-mapped. */
  application(namespace: string, address: string, port: number): Application {
    const application = inNetworkNamespace(namespace, () => new Application(address, port));
    this.#descriptors.add(application.fileDescriptor);
    return application;
  }
}

// <sys/socket.h>, <linux/in6.h>
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOCKADDR_IN6_OCTETS = 28;

export class Application {
  readonly fileDescriptor: number;
  readonly #buffer = new Uint8Array(65_536);

  constructor(address: string, port: number) {
    const type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    this.fileDescriptor = check(libc.socket(AF_INET6, type, 0), "socket", "open a socket");
    const name = socketAddress(address, port);
    check(libc.bind(this.fileDescriptor, name, name.length), "bind", `bind to ${address} port ${port}`);
  }

  send(bytes: Uint8Array<ArrayBuffer>, address: string, port: number): void {
    const to = socketAddress(address, port);
    const length = BigInt(bytes.length);
    check(libc.sendto(this.fileDescriptor, bytes, length, 0, to, to.length), "sendto", `send to ${address}`);
  }

  /** The next datagram, within a second. */
  async receive(): Promise<{ readonly bytes: Uint8Array; readonly address: string; readonly port: number }> {
    const from = new Uint8Array(SOCKADDR_IN6_OCTETS);
    let octets = -1;
    await until("a datagram", () => {
      const length = BigInt(this.#buffer.length);
      octets = libc.recvfrom(
        this.fileDescriptor,
        this.#buffer,
        length,
        0,
        from,
        new Uint32Array([from.length]),
      );
      return octets >= 0;
    }, 1000);
    return {
      bytes: this.#buffer.slice(0, octets),
      address: formatIpv6(from, 8),
      port: from[2] << 8 | from[3],
    };
  }
}

function socketAddress(address: string, port: number): Uint8Array<ArrayBuffer> {
  const name = new Uint8Array(SOCKADDR_IN6_OCTETS);
  name.set([AF_INET6, 0, port >> 8, port & 0xff]);
  name.set(parseIpv6(address)!, 8);
  return name;
}
