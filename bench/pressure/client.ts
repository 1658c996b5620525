import { hmac } from "../../cli/daemon/hmac.ts";
import { pause } from "../../cli/lab/process.ts";
import { verifyMobilityHeader } from "../../core/control/authentication.ts";
import { BindingUpdateSender } from "../../core/control/binding_update_sender.ts";
import type { MobilitySecurityAssociation } from "../../core/control/settings.ts";
import { decodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { inNetworkNamespace } from "../../ffi/namespace.ts";
import { openUdpSocket, receive, sendTo, type UdpSocket } from "../../ffi/socket.ts";
import { AGENT, KEY, type Node, NODE_V4, type Site } from "./site.ts";

const LIFETIME_SECONDS = 420;
const CANDIDATE = {
  interfaceName: "wan",
  address: NODE_V4,
  prefixLength: 24,
  gateway: undefined,
  linkMtu: 1500,
};
/** By the clock that the sender is given, so far apart: it would send no more than 3 in a second. */
const UPDATE_INTERVAL_MS = 1000;

/** Registers as a mobile node does, with a socket of its own, and takes the time of each answer. */
export class Client implements Disposable {
  readonly #socket: UdpSocket;
  readonly #sender: BindingUpdateSender;
  readonly #buffer = new Uint8Array(2048);
  readonly #security: MobilitySecurityAssociation;
  #now = 0;

  constructor(site: Site, readonly node: Node, port: number) {
    this.#security = { spi: node.spi, algorithm: "hmac-sha256-128", key: KEY };
    this.#socket = inNetworkNamespace(
      site.node,
      () => openUdpSocket({ address: NODE_V4, port, receiveBufferOctets: 1 << 20 }),
    );
    this.#sender = new BindingUpdateSender(
      {
        identity: node.identity,
        homeAddress: node.homeAddress,
        homeAgentAddress: AGENT.v6,
        homeAgentIpv4Address: AGENT.v4,
        homeAgentPort: AGENT.port,
        security: this.#security,
        lifetimeSeconds: LIFETIME_SECONDS,
        forceUdp: true,
        keepaliveSeconds: undefined,
        dsmip: true,
        prefer: "ipv4",
        mobileNetworkPrefixes: [],
      },
      { hmac, random: Math.random },
    );
  }

  /** Milliseconds from a Binding Update to its acknowledgement; undefined where none comes in time. */
  async register(limitMs: number): Promise<number | undefined> {
    this.#now += UPDATE_INTERVAL_MS;
    const { actions: [update] } = this.#sender.send(
      {
        candidate: CANDIDATE,
        lifetimeSeconds: LIFETIME_SECONDS,
        forceUdp: true,
        mobileRouter: false,
        prefixes: [],
        ipv4: undefined,
      },
      { sent: [], timeoutMs: limitMs, corrections: 0, unanswered: 0 },
      { monotonicMs: this.#now, unixMs: Date.now() },
    );
    const sentMs = performance.now();
    const fault = sendTo(this.#socket.fileDescriptor, update.packet, AGENT.v4, AGENT.port);
    if (fault !== undefined) throw fault;
    while (performance.now() - sentMs < limitMs) {
      const octets = receive(this.#socket.fileDescriptor, this.#buffer);
      if (octets === undefined) await pause(1);
      else if (this.#isAcknowledgement(this.#buffer.slice(0, octets))) return performance.now() - sentMs;
    }
    return undefined;
  }

  /** Of the last update, accepted, and proven. */
  #isAcknowledgement(bytes: Uint8Array): boolean {
    const decoded = decodeMobilityPacket(bytes);
    if (!decoded.ok) return false;
    const { header, mobilityHeader } = decoded.value;
    const { message } = header;
    if (message.kind !== "bindingAcknowledgement") return false;
    if (message.sequenceNumber !== this.#sender.sequenceNumber) return false;
    const addresses = { careOfAddress: NODE_V4, homeAddress: this.node.homeAddress };
    if (!verifyMobilityHeader(mobilityHeader, header, this.#security, addresses, hmac)) return false;
    if (message.status >= 128) throw new Error(`registration refused with status ${message.status}`);
    return true;
  }

  [Symbol.dispose](): void {
    closeFileDescriptor(this.#socket.fileDescriptor);
  }
}
