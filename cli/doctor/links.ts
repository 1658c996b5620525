import { isIpv4 } from "../../core/wire/address.ts";
import { DSMIP_PROTOCOL } from "../../ffi/netlink_record.ts";
import type { HomeAgentConfiguration, MobileNodeConfiguration } from "../configuration/record.ts";
import { fault, type Finding, ok, warning } from "./finding.ts";
import type { Machine } from "./machine.ts";

/** 1280 octets inside, and around them IPv4 and UDP, or IPv6: below that not every IPv6 packet fits. */
const SMALLEST_MTU = { 4: 1280 + 20 + 8, 6: 1280 + 40 } as const;
const USUAL_MTU = 1500;

const BY_HAND_ADVICE =
  "set manage = false to use it; otherwise a router advertisement or a DHCP server has to give one";

/** The addresses of a home agent are on this machine, and mobile nodes can reach them. */
export function checkHomeAgentAddress(
  { ipv4Address, file, linkMtu }: HomeAgentConfiguration,
  { links, addresses, mergesReceived }: Machine,
): Finding[] {
  const check = "home agent's address";
  const found = addresses.find(({ address }) => address === ipv4Address);
  const link = links.find(({ index }) => index === found?.interfaceIndex);
  if (found === undefined || link === undefined) {
    const have = addresses.filter(({ address, scope }) => isIpv4(address) && scope !== "host").map((
      { address },
    ) => address);
    const advice =
      `write one of this machine's into ${file} (${
        have.join(", ") || "there is none"
      }); where the provider ` +
      "translates a public address into it, mobile nodes' files have the public one";
    return [fault(check, `${ipv4Address} is on no interface: sockets cannot be bound`, advice)];
  }
  return [
    ok(check, `${ipv4Address} is on ${link.name}`),
    checkMtu(link, 4, linkMtu),
    ...checkMerging(link.name, mergesReceived),
  ];
}

/** The interface of a home network that is not virtual. */
export function checkHomeLink({ homeLink }: HomeAgentConfiguration, { links }: Machine): Finding[] {
  if (homeLink === undefined) return [];
  const check = "home link";
  const link = links.find(({ name }) => name === homeLink);
  if (link === undefined) {
    return [fault(check, `${homeLink} is not there: home addresses cannot be answered for`, "see `ip link`")];
  }
  if (!link.up) return [fault(check, `${homeLink} is down`, `ip link set ${homeLink} up`)];
  return [
    link.carrier
      ? ok(check, `${homeLink} is up`)
      : warning(check, `${homeLink} has no carrier`, "plug the cable in"),
  ];
}

/** The interfaces that lead to the Internet. */
export function checkEgress(
  { egress, manage, settings }: MobileNodeConfiguration,
  { links, addresses, mergesReceived }: Machine,
): Finding[] {
  const check = "egress";
  return egress.flatMap((name): Finding[] => {
    const link = links.find((one) => one.name === name);
    if (link === undefined) {
      return [
        warning(check, `${name} is not there (yet)`, "see `ip link`; dsmip uses it as soon as it comes"),
      ];
    }
    const ofLink = [
      checkMtu(link, settings.dsmip ? 4 : 6, undefined),
      ...checkMerging(name, mergesReceived),
    ];
    if (link.up && !link.carrier) {
      return [
        warning(check, `${name} has no carrier`, "plug the cable in, or join a radio network"),
        ...ofLink,
      ];
    }
    const own = addresses.filter(({ interfaceIndex, scope }) =>
      interfaceIndex === link.index && scope === "global"
    );
    if (own.length > 0) {
      const text = `${name} has ${own.map(({ address }) => address).join(", ")}`;
      if (!manage || own.some(({ permanent, protocol }) => !permanent || protocol === DSMIP_PROTOCOL)) {
        return [ok(check, text), ...ofLink];
      }
      return [warning(check, `${text}, put there by hand: dsmip does not use it`, BY_HAND_ADVICE), ...ofLink];
    }
    return [
      manage ? ok(check, `${name} has no address now; dsmip gets one when it runs`) : warning(
        check,
        `${name} has no address, and manage = false`,
        "see what configures it, or set manage = true",
      ),
      ...ofLink,
    ];
  });
}

function checkMtu(
  { name, mtu }: { readonly name: string; readonly mtu: number },
  family: 4 | 6,
  linkMtu: number | undefined,
): Finding {
  const check = "MTU";
  if (mtu < SMALLEST_MTU[family]) {
    const text = `${mtu} octets on ${name}: IPv6 packets of 1280 octets do not fit into the tunnel`;
    return fault(check, text, `ip link set ${name} mtu ${USUAL_MTU}, or at least ${SMALLEST_MTU[family]}`);
  }
  if (linkMtu !== undefined && linkMtu > mtu) {
    const text = `link_mtu = ${linkMtu} is more than the ${mtu} octets of ${name}`;
    return warning(check, text, `leave link_mtu out, or set it to ${mtu} at most`);
  }
  return ok(check, `${mtu} octets on ${name}`);
}

/** Packets that come alone cost more time, but nothing is wrong: a veth of a container is so unless told otherwise. */
function checkMerging(name: string, mergesReceived: Machine["mergesReceived"]): Finding[] {
  if (mergesReceived(name) !== false) return [];
  const text = `off on ${name}: every packet comes alone, for up to 40 % more CPU time`;
  return [ok("receive offload", text, `ethtool -K ${name} gro on, where much is expected`)];
}
