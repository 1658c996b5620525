import { EtherType } from "../../control/movement/egress_event.ts";
import type { IpAddress, Ipv4Address } from "../../wire/address.ts";
import { ArpOperation, decodeArp, encodeArp } from "../../wire/arp.ts";
import {
  decodeDhcpMessage,
  DHCP_CLIENT_PORT,
  DHCP_SERVER_PORT,
  type DhcpMessage,
  DhcpMessageType,
  DhcpOperation,
  encodeDhcpMessage,
} from "../../wire/dhcpv4.ts";
import { decodeIpv4Datagram, encodeIpv4Datagram } from "../../wire/ipv4_datagram.ts";
import { Nat, type NatSettings } from "../nat.ts";
import type { OuterPacket } from "../packet.ts";
import type { Surroundings } from "../surroundings.ts";
import type { AccessLink, Station } from "./access_link.ts";
import { DhcpServer } from "./dhcp_server.ts";
import type { Frame } from "./frame.ts";

export interface Ipv4RouterSettings {
  /** Six octets. */
  readonly hardwareAddress: Uint8Array;
  /** The first three octets of the network: "192.0.2". */
  readonly network: string;
  /** The router's own, in the network. */
  readonly address: Ipv4Address;
  readonly nat: NatSettings | undefined;
  readonly leaseSeconds: number;
  /** Grants at once who asks for it (RFC 4039). */
  readonly rapidCommit: boolean;
}

const LIMITED_BROADCAST = "255.255.255.255";

/** An IPv4 router that is its link's DHCP server, and a NAT perhaps. */
export class Ipv4Router implements Station {
  readonly settings: Ipv4RouterSettings;
  readonly dhcp: DhcpServer;
  readonly #nat: Nat | undefined;
  readonly #link: AccessLink;
  readonly #surroundings: Surroundings;
  #alive = true;

  constructor(settings: Ipv4RouterSettings, link: AccessLink, surroundings: Surroundings) {
    this.settings = settings;
    this.#link = link;
    this.#surroundings = surroundings;
    this.#nat = settings.nat && new Nat(settings.nat, surroundings.random.fork());
    this.dhcp = new DhcpServer(settings);
  }

  get hardwareAddress(): Uint8Array {
    return this.settings.hardwareAddress;
  }

  get alive(): boolean {
    return this.#alive;
  }

  die(): void {
    this.#alive = false;
  }

  revive(): void {
    this.#alive = true;
  }

  isOnLink(address: IpAddress): boolean {
    return address.startsWith(`${this.settings.network}.`);
  }

  /** Does the Internet bring packets for this address here? */
  owns(address: IpAddress): boolean {
    return this.#nat === undefined ? this.isOnLink(address) : address === this.#nat.settings.publicAddress;
  }

  /** As it leaves for the Internet; undefined where it does not. */
  toInternet(packet: OuterPacket): OuterPacket | undefined {
    if (!this.alive) return undefined;
    return this.#nat === undefined ? packet : this.#nat.translateOutbound(packet, this.#surroundings.nowMs);
  }

  /** As it goes on the link; undefined where it does not. */
  fromInternet(packet: OuterPacket): OuterPacket | undefined {
    if (!this.alive) return undefined;
    return this.#nat === undefined ? packet : this.#nat.translateInbound(packet, this.#surroundings.nowMs);
  }

  receiveFrame(frame: Frame): void {
    if (!this.alive) return;
    if (frame.etherType === EtherType.arp) this.#receiveArp(frame);
    else if (frame.etherType === EtherType.ipv4) this.#receiveDatagram(frame);
  }

  #receiveArp({ payload }: Frame): void {
    const packet = decodeArp(payload);
    if (!packet.ok || packet.value.operation !== ArpOperation.request) return;
    const { senderAddress, senderHardwareAddress, targetAddress } = packet.value;
    if (targetAddress !== this.settings.address) return;
    const reply = encodeArp({
      operation: ArpOperation.reply,
      senderHardwareAddress: this.hardwareAddress,
      senderAddress: targetAddress,
      targetHardwareAddress: senderHardwareAddress,
      targetAddress: senderAddress,
    });
    this.#send(EtherType.arp, senderHardwareAddress, reply);
  }

  #receiveDatagram({ payload }: Frame): void {
    const datagram = decodeIpv4Datagram(payload);
    if (!datagram.ok || datagram.value.destinationPort !== DHCP_SERVER_PORT) return;
    const { destination } = datagram.value;
    if (destination !== LIMITED_BROADCAST && destination !== this.settings.address) return;
    const message = decodeDhcpMessage(datagram.value.data);
    if (!message.ok) return;
    const answer = this.dhcp.answer(message.value);
    if (answer !== undefined) this.#reply(message.value, answer);
  }

  #reply(request: DhcpMessage, { yourAddress, options }: Pick<DhcpMessage, "yourAddress" | "options">): void {
    const { clientHardwareAddress, transactionId, clientAddress } = request;
    const data = encodeDhcpMessage({
      operation: DhcpOperation.reply,
      transactionId,
      seconds: 0,
      broadcast: false,
      clientAddress: options.messageType === DhcpMessageType.ack ? clientAddress : "0.0.0.0",
      yourAddress,
      nextServerAddress: "0.0.0.0",
      relayAddress: "0.0.0.0",
      clientHardwareAddress,
      options,
    });
    const payload = encodeIpv4Datagram({
      source: this.settings.address,
      destination: options.messageType === DhcpMessageType.nak ? LIMITED_BROADCAST : yourAddress,
      sourcePort: DHCP_SERVER_PORT,
      destinationPort: DHCP_CLIENT_PORT,
      data,
    });
    this.#send(EtherType.ipv4, clientHardwareAddress, payload);
  }

  #send(etherType: number, destinationHardwareAddress: Uint8Array, payload: Uint8Array): void {
    const { hardwareAddress: sourceHardwareAddress } = this;
    this.#link.send({ sourceHardwareAddress, destinationHardwareAddress, etherType, payload });
  }
}
