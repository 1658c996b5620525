import type { SendPacket, SendSignalling } from "../../core/control/action.ts";
import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import { type Ipv6Address, isIpv4 } from "../../core/wire/address.ts";
import { Ipv6Signalling } from "./ipv6_signalling.ts";
import { interfaceIndexOf } from "../../ffi/interface_index.ts";
import type { Log } from "./log.ts";
import type { Offloads } from "./offloads.ts";
import {
  openOuterIpv6Sockets,
  openOuterSockets,
  type OuterIpv6Sockets,
  type OuterSockets,
  sendSignalling,
} from "./outer_sockets.ts";

const SIGNALLING_BUFFER_OCTETS = 256 * 1024;

export interface AttachmentOptions {
  readonly candidate: CareOfAddressCandidate;
  readonly localPort: number;
  readonly workers: number;
  readonly offloads: Offloads;
  /** A packet that came natively over IPv6, with its extension headers. */
  readonly onMobilityPacket: (packet: Uint8Array) => void;
  /** The same with a message of home agent or prefix discovery. */
  readonly onDiscovery: (packet: Uint8Array) => void;
  readonly homeAgentAddress: Ipv6Address;
  readonly log: Log;
}

/** All sockets of one care-of address: what the data path sends by and receives from, and what signalling does. */
export interface Attachment extends AsyncDisposable {
  readonly candidate: CareOfAddressCandidate;
  /** Of its interface, when the sockets were opened. */
  readonly interfaceIndex: number;
  readonly outer: OuterSockets | OuterIpv6Sockets;
  /** ESP with one of these SPIs is signalling from now on; none is at first. */
  setSpis(spis: ReadonlySet<number>): void;
  /** What the network refuses, retransmission makes good. */
  send(action: SendSignalling | SendPacket): void;
}

/** @throws SystemError: the address has gone meanwhile, the port is taken, no permission */
export function openAttachment(options: AttachmentOptions): Attachment {
  return isIpv4(options.candidate.address) ? overIpv4(options) : overIpv6(options);
}

function overIpv4(
  { candidate, localPort, workers, offloads, homeAgentAddress, log }: AttachmentOptions,
): Attachment {
  const { address, interfaceName: device } = candidate;
  const espEnd = { homeAgentAddress, isThe: "source" } as const;
  const outer = openOuterSockets({ address, port: localPort, device, workers, offloads, espEnd });
  return {
    candidate,
    interfaceIndex: interfaceIndexOf(device),
    outer,
    setSpis: outer.setSpis,
    send: (action) => {
      if (action.kind === "sendSignalling") return sendSignalling(outer, action, log);
      log.debug("dropped: no socket for this care-of address", { source: action.source });
    },
    [Symbol.asyncDispose]: () => {
      outer[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

function overIpv6({ candidate, workers, onMobilityPacket, onDiscovery, log }: AttachmentOptions): Attachment {
  const { address, interfaceName: device } = candidate;
  const outer = openOuterIpv6Sockets({ address, device, workers });
  let signalling: Ipv6Signalling;
  try {
    signalling = new Ipv6Signalling({
      address,
      device,
      bufferOctets: SIGNALLING_BUFFER_OCTETS,
      log,
      onPacket: onMobilityPacket,
      onDiscovery,
    });
  } catch (error) {
    outer[Symbol.dispose]();
    throw error;
  }
  return {
    candidate,
    interfaceIndex: interfaceIndexOf(device),
    outer,
    setSpis: (spis) => signalling.setSpis(spis),
    send: (action) => {
      if (action.kind === "sendPacket") return signalling.send(action);
      log.debug("dropped: no socket for this care-of address", { source: action.source ?? "" });
    },
    [Symbol.asyncDispose]: async () => {
      await signalling[Symbol.asyncDispose]();
      outer[Symbol.dispose]();
    },
  };
}
