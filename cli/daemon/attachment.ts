import type { SendPacket, SendSignalling } from "../../core/control/action.ts";
import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import { formatIpv6, isIpv4 } from "../../core/wire/address.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { MobilitySocket } from "../../ffi/mobility_socket.ts";
import { NetworkLayerListener } from "../../ffi/network_layer_listener.ts";
import { IPPROTO_RAW, openRaw6Socket, sendRaw6 } from "../../ffi/raw6_socket.ts";
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
  readonly log: Log;
}

/** All sockets of one care-of address: what the data path sends by and receives from, and what signalling does. */
export interface Attachment extends AsyncDisposable {
  readonly candidate: CareOfAddressCandidate;
  readonly outer: OuterSockets | OuterIpv6Sockets;
  /** What the network refuses, retransmission makes good. */
  send(action: SendSignalling | SendPacket): void;
}

/** @throws SystemError: the address has gone meanwhile, the port is taken, no permission */
export function openAttachment(options: AttachmentOptions): Attachment {
  return isIpv4(options.candidate.address) ? overIpv4(options) : overIpv6(options);
}

function overIpv4({ candidate, localPort, workers, offloads, log }: AttachmentOptions): Attachment {
  const { address, interfaceName: device } = candidate;
  const outer = openOuterSockets({ address, port: localPort, device, workers, offloads });
  return {
    candidate,
    outer,
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

function overIpv6({ candidate, workers, onMobilityPacket, log }: AttachmentOptions): Attachment {
  const { address, interfaceName: device } = candidate;
  using opened = new DisposableStack();
  const outer = opened.use(openOuterIpv6Sockets({ address, device, workers }));
  const sender = openRaw6Socket({
    protocol: IPPROTO_RAW,
    address,
    device,
    bufferOctets: SIGNALLING_BUFFER_OCTETS,
  });
  opened.defer(() => closeFileDescriptor(sender));
  const listener = new NetworkLayerListener(
    new MobilitySocket({ address, receiveBufferOctets: SIGNALLING_BUFFER_OCTETS }),
    {
      onPacket: ({ payload }) => onMobilityPacket(payload),
      onFailure: (error) => log.warning("signalling is not received any more", { address, error: String(error) }),
    },
  );
  const owned = opened.move();
  return {
    candidate,
    outer,
    send: (action) => {
      if (action.kind !== "sendPacket" || action.source !== address) {
        return log.debug("dropped: no socket for this care-of address", { source: action.source ?? "" });
      }
      const fault = sendRaw6(sender, action.packet, formatIpv6(action.packet, 24));
      if (fault !== undefined) log.warning("signalling not sent", { error: fault.message });
    },
    [Symbol.asyncDispose]: async () => {
      await listener.close();
      owned.dispose();
    },
  };
}
