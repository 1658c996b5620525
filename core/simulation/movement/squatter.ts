import { EtherType } from "../../control/movement/egress_event.ts";
import { type IpAddress, isIpv4, UNSPECIFIED_IPV6 } from "../../wire/address.ts";
import { ArpOperation, decodeArp, encodeArp } from "../../wire/arp.ts";
import {
  decodeNeighborDiscoveryPacket,
  encodeNeighborDiscoveryPacket,
  isLinkLocalIpv6,
  multicastHardwareAddress,
} from "../../wire/neighbor_discovery.ts";
import type { Surroundings } from "../surroundings.ts";
import type { AccessLink, Station } from "./access_link.ts";
import type { Frame } from "./frame.ts";

const ALL_NODES = "ff02::1";

/** A host that has just the address that a mobile node wants (RFC 4862 5.4, RFC 5227), when it is armed. */
export class Squatter implements Station {
  readonly hardwareAddress = Uint8Array.of(2, 0xee, 0, 0, 0, 1);
  /** How many more addresses it will turn out to have. */
  armed = 0;
  /** Leaves link-local addresses alone. */
  sparesLinkLocal = false;
  readonly taken = new Set<IpAddress>();
  /** When it turned out to have the last one, virtual milliseconds. */
  lastTakenAtMs = -Infinity;
  readonly #link: AccessLink;
  readonly #surroundings: Surroundings;

  constructor(link: AccessLink, surroundings: Surroundings) {
    this.#link = link;
    this.#surroundings = surroundings;
  }

  /** The host goes: a node that has not heard its answer could not know that it was there. */
  leave(): void {
    this.armed = 0;
    this.taken.clear();
  }

  receiveFrame(frame: Frame): void {
    if (frame.etherType === EtherType.ipv6) this.#receiveSolicitation(frame);
    else if (frame.etherType === EtherType.arp) this.#receiveArp(frame);
  }

  #receiveSolicitation({ payload }: Frame): void {
    const packet = decodeNeighborDiscoveryPacket(payload);
    if (!packet.ok || packet.value.source !== UNSPECIFIED_IPV6) return;
    const { message } = packet.value;
    if (message.kind !== "neighborSolicitation" || !this.#has(message.target)) return;
    const { hardwareAddress } = this;
    const { target } = message;
    this.#send(
      EtherType.ipv6,
      multicastHardwareAddress(ALL_NODES),
      encodeNeighborDiscoveryPacket({
        source: target,
        destination: ALL_NODES,
        message: {
          kind: "neighborAdvertisement",
          router: false,
          solicited: false,
          override: true,
          target,
          options: [{ kind: "targetLinkLayerAddress", hardwareAddress }],
        },
      }),
    );
  }

  #receiveArp({ payload }: Frame): void {
    const packet = decodeArp(payload);
    if (!packet.ok || packet.value.operation !== ArpOperation.request) return;
    const { senderAddress, senderHardwareAddress, targetAddress } = packet.value;
    const isForRouter = targetAddress === this.#link.ipv4Router?.settings.address;
    if (isForRouter || !this.#has(targetAddress)) return;
    const { hardwareAddress } = this;
    this.#send(
      EtherType.arp,
      senderHardwareAddress,
      encodeArp({
        operation: ArpOperation.reply,
        senderHardwareAddress: hardwareAddress,
        senderAddress: targetAddress,
        targetHardwareAddress: senderHardwareAddress,
        targetAddress: senderAddress,
      }),
    );
  }

  #has(address: IpAddress): boolean {
    const isSpared = this.sparesLinkLocal && !isIpv4(address) && isLinkLocalIpv6(address);
    if (!this.taken.has(address) && this.armed > 0 && !isSpared) {
      this.armed--;
      this.lastTakenAtMs = this.#surroundings.nowMs;
      this.taken.add(address);
    }
    return this.taken.has(address);
  }

  #send(etherType: number, destinationHardwareAddress: Uint8Array, payload: Uint8Array): void {
    this.#link.send({
      sourceHardwareAddress: this.hardwareAddress,
      destinationHardwareAddress,
      etherType,
      payload,
    });
  }
}
