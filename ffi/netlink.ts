import type { IpAddress } from "../core/wire/address.ts";
import { EHOSTUNREACH, ENETUNREACH, ENODEV, SystemError } from "./errno.ts";
import type { NetlinkBody } from "./netlink_ip.ts";
import { type NetlinkMessage, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "./netlink_message.ts";
import {
  decodeNeighbor,
  encodeNeighbor,
  encodeNeighborQuery,
  type Neighbor,
  type NewNeighbor,
} from "./netlink_neighbor.ts";
import {
  decodeAddress,
  decodeLink,
  decodeRoute,
  decodeRule,
  encodeAddress,
  encodeLink,
  encodeRoute,
  encodeRouteQuery,
  encodeRule,
  type InterfaceAddress,
  type Link,
  type LinkChange,
  type NewAddress,
  type NewRoute,
  type NewRule,
  type Route,
  type Rule,
} from "./netlink_record.ts";
import { NetlinkSocket } from "./netlink_socket.ts";

/** <linux/rtnetlink.h>. */
export const RTM = {
  RTM_NEWLINK: 16,
  RTM_DELLINK: 17,
  RTM_GETLINK: 18,
  RTM_NEWADDR: 20,
  RTM_DELADDR: 21,
  RTM_GETADDR: 22,
  RTM_NEWROUTE: 24,
  RTM_DELROUTE: 25,
  RTM_GETROUTE: 26,
  RTM_NEWNEIGH: 28,
  RTM_DELNEIGH: 29,
  RTM_GETNEIGH: 30,
  RTM_NEWRULE: 32,
  RTM_DELRULE: 33,
  RTM_GETRULE: 34,
  RTM_NEWNETCONF: 80,
} as const;

/** How the kernel says that no route leads there. */
const NO_ROUTE: ReadonlySet<number> = new Set([ENETUNREACH, EHOSTUNREACH]);

type Call = keyof typeof RTM;

/** The one octet that a dump of everything needs, in the size of the largest fixed structure. */
const ALL_FAMILIES: NetlinkBody = { body: new Uint8Array(16), attributes: [] };

/**
 * The network configuration of the namespace in which it was constructed. Every method is one synchronous
 * exchange with the kernel and throws a SystemError with the kernel's errno and words.
 */
export class Netlink {
  readonly #socket = new NetlinkSocket();

  close(): void {
    this.#socket.close();
  }

  links(): Link[] {
    return this.#dump("RTM_GETLINK", "list the interfaces", decodeLink);
  }

  link(name: string): Link | undefined {
    return this.links().find((link) => link.name === name);
  }

  /** @throws SystemError ENODEV when there is no such interface */
  requireLink(name: string): Link {
    const link = this.link(name);
    if (link === undefined) {
      throw new SystemError("RTM_GETLINK", ENODEV, `find the interface ${name}`, "See `ip link`");
    }
    return link;
  }

  /** Switches an interface on or off, or changes its sizes. */
  setLink(index: number, change: LinkChange): void {
    this.#change("RTM_NEWLINK", `change interface ${index}`, encodeLink(index, change));
  }

  addresses(): InterfaceAddress[] {
    return this.#dump("RTM_GETADDR", "list the addresses", decodeAddress);
  }

  /** @throws SystemError EEXIST when the interface has it */
  addAddress(address: NewAddress): void {
    const attempt = `add the address ${address.address}/${address.prefixLength}`;
    this.#change("RTM_NEWADDR", attempt, encodeAddress(address), NLM_F_CREATE | NLM_F_EXCL);
  }

  deleteAddress(address: Pick<NewAddress, "interfaceIndex" | "address" | "prefixLength">): void {
    const attempt = `delete the address ${address.address}/${address.prefixLength}`;
    this.#change("RTM_DELADDR", attempt, encodeAddress(address));
  }

  /** Routes of all tables and both families, without the multipath ones' hops. */
  routes(): Route[] {
    return this.#dump("RTM_GETROUTE", "list the routes", decodeRoute);
  }

  /**
   * The route of a packet from `source` to `destination` that has to leave by this interface.
   * @returns undefined when there is none
   */
  routeTo(
    query: { readonly destination: IpAddress; readonly source: IpAddress; readonly interfaceIndex: number },
  ): Route | undefined {
    try {
      const attempt = `find the route to ${query.destination}`;
      const answer = this.#socket.query({
        type: RTM.RTM_GETROUTE,
        call: "RTM_GETROUTE",
        attempt,
        ...encodeRouteQuery(query),
      });
      return decodeRoute(answer.payload);
    } catch (error) {
      if (error instanceof SystemError && NO_ROUTE.has(error.errno)) return undefined;
      throw error;
    }
  }

  /** A route of ours (protocol 155) unless `route.protocol` says otherwise. @throws SystemError EEXIST */
  addRoute(route: NewRoute): void {
    const attempt = `add the route ${route.destination}/${route.prefixLength}`;
    this.#change("RTM_NEWROUTE", attempt, encodeRoute(route), NLM_F_CREATE | NLM_F_EXCL);
  }

  /** The same, in place of a route to the same destination with the same metric and table. */
  replaceRoute(route: NewRoute): void {
    const attempt = `set the route ${route.destination}/${route.prefixLength}`;
    this.#change("RTM_NEWROUTE", attempt, encodeRoute(route), NLM_F_CREATE | NLM_F_REPLACE);
  }

  deleteRoute(route: NewRoute): void {
    const attempt = `delete the route ${route.destination}/${route.prefixLength}`;
    this.#change("RTM_DELROUTE", attempt, encodeRoute(route));
  }

  /** Rules that look in a table, of both families. */
  rules(): Rule[] {
    return this.#dump("RTM_GETRULE", "list the routing rules", decodeRule);
  }

  /** A rule of ours (protocol 155) unless `rule.protocol` says otherwise. @throws SystemError EEXIST */
  addRule(rule: NewRule): void {
    const attempt = `add the routing rule ${rule.priority}`;
    this.#change("RTM_NEWRULE", attempt, encodeRule(rule), NLM_F_CREATE | NLM_F_EXCL);
  }

  deleteRule(rule: NewRule): void {
    this.#change("RTM_DELRULE", `delete the routing rule ${rule.priority}`, encodeRule(rule));
  }

  /** Neighbours and proxy entries, of both families. */
  neighbors(): Neighbor[] {
    return [false, true].flatMap((isProxy) =>
      this.#dump("RTM_GETNEIGH", "list the neighbours", decodeNeighbor, encodeNeighborQuery(isProxy))
    );
  }

  /** Says what the hardware address of a neighbour is, or that this host answers for an address. */
  setNeighbor(neighbor: NewNeighbor): void {
    const attempt = `set the neighbour ${neighbor.address}`;
    this.#change("RTM_NEWNEIGH", attempt, encodeNeighbor(neighbor), NLM_F_CREATE | NLM_F_REPLACE);
  }

  deleteNeighbor(neighbor: NewNeighbor): void {
    this.#change("RTM_DELNEIGH", `delete the neighbour ${neighbor.address}`, encodeNeighbor(neighbor));
  }

  #dump<Record>(
    call: Call,
    attempt: string,
    decode: (payload: Uint8Array) => Record | undefined,
    body: NetlinkBody = ALL_FAMILIES,
  ): Record[] {
    return this.#socket.dump({ type: RTM[call], call, attempt, ...body })
      .map((message: NetlinkMessage) => decode(message.payload))
      .filter((record) => record !== undefined);
  }

  #change(call: Call, attempt: string, body: NetlinkBody, flags = 0): void {
    this.#socket.request({ type: RTM[call], call, attempt, flags, ...body });
  }
}
