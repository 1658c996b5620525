import { RTM } from "./netlink.ts";
import type { NetlinkMessage } from "./netlink_message.ts";
import {
  decodeAddress,
  decodeLink,
  decodeRoute,
  type InterfaceAddress,
  type Link,
  type Route,
} from "./netlink_record.ts";
import { NetlinkSocket } from "./netlink_socket.ts";
import { ReadableWaiter } from "./poll.ts";

/** A change of the network configuration, told after it happened. */
export type NetlinkEvent =
  | { readonly kind: "link"; readonly change: "set" | "deleted"; readonly link: Link }
  | { readonly kind: "address"; readonly change: "set" | "deleted"; readonly address: InterfaceAddress }
  | { readonly kind: "route"; readonly change: "set" | "deleted"; readonly route: Route }
  /** A setting of the network layer, of an interface or of the host: forwarding, reverse path filters. */
  | { readonly kind: "setting" }
  /** The kernel had to drop events: anything may have changed. */
  | { readonly kind: "overrun" };

export type NetlinkGroup = "link" | "address" | "route" | "setting";

// <linux/rtnetlink.h>; only the first groups have names as bits, RTMGRP_*.
const RTNLGRP_IPV4_NETCONF = 24;
const RTNLGRP_IPV6_NETCONF = 25;

/** RTMGRP_* of <linux/rtnetlink.h>, IPv4 and IPv6. */
const GROUP_BITS: Readonly<Record<NetlinkGroup, number>> = {
  link: 0x1,
  address: 0x10 | 0x100,
  route: 0x40 | 0x400,
  setting: 1 << (RTNLGRP_IPV4_NETCONF - 1) | 1 << (RTNLGRP_IPV6_NETCONF - 1),
};

/**
 * Changes of the namespace in which it was constructed, from that moment on:
 *
 *     const changes = new NetlinkSubscription(["link", "address"]);
 *     for await (const event of changes) ...
 *     await changes.close();  // ends the loop, from anywhere
 *
 * Who needs the state lists it after subscribing, and again after an "overrun".
 */
export class NetlinkSubscription implements AsyncIterable<NetlinkEvent> {
  readonly #socket: NetlinkSocket;
  readonly #waiter: ReadableWaiter;
  #closing: Promise<void> | undefined;

  constructor(groups: readonly NetlinkGroup[]) {
    this.#socket = new NetlinkSocket({ groups: groups.reduce((bits, group) => bits | GROUP_BITS[group], 0) });
    this.#waiter = new ReadableWaiter(this.#socket.fileDescriptor);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<NetlinkEvent, void, void> {
    while (this.#closing === undefined && await this.#waiter.wait() === "readable") {
      for (;;) {
        // A batch is decoded whole before anyone sees it: the socket's buffer is used again.
        const events = decodeEvents(this.#socket.receive());
        if (events === undefined) break;
        for (const event of events) {
          yield event;
          if (this.#closing !== undefined) return;
        }
      }
    }
  }

  /** Ends the iteration and frees the socket. */
  close(): Promise<void> {
    this.#closing ??= this.#waiter.close().then(() => this.#socket.close());
    return this.#closing;
  }
}

function decodeEvents(messages: NetlinkMessage[] | "overrun" | undefined): NetlinkEvent[] | undefined {
  if (messages === "overrun") return [{ kind: "overrun" }];
  return messages?.map(decodeEvent).filter((event) => event !== undefined);
}

/** Undefined for what no group of ours carries, and for what does not decode. */
export function decodeEvent({ type, payload }: NetlinkMessage): NetlinkEvent | undefined {
  switch (type) {
    case RTM.RTM_NEWLINK:
    case RTM.RTM_DELLINK: {
      const link = decodeLink(payload);
      return link && { kind: "link", change: type === RTM.RTM_NEWLINK ? "set" : "deleted", link };
    }
    case RTM.RTM_NEWADDR:
    case RTM.RTM_DELADDR: {
      const address = decodeAddress(payload);
      return address && { kind: "address", change: type === RTM.RTM_NEWADDR ? "set" : "deleted", address };
    }
    case RTM.RTM_NEWROUTE:
    case RTM.RTM_DELROUTE: {
      const route = decodeRoute(payload);
      return route && { kind: "route", change: type === RTM.RTM_NEWROUTE ? "set" : "deleted", route };
    }
    case RTM.RTM_NEWNETCONF:
      return { kind: "setting" };
    default:
      return undefined;
  }
}
