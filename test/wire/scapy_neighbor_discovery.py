"""Router advertisements built by scapy from records, and what scapy reads of ours: JSON on stdin, JSON on stdout."""
import json
import sys

from scapy.layers.inet6 import (
    ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptAdvInterval, ICMPv6NDOptDstLLAddr, ICMPv6NDOptHAInfo,
    ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo, ICMPv6NDOptRDNSS, ICMPv6NDOptRouteInfo, ICMPv6NDOptSrcLLAddr,
    ICMPv6NDOptUnknown, IPv6)

PREFERENCES = {"low": 3, "medium": 0, "high": 1}


def colons(digits):
    return ":".join(digits[i:i + 2] for i in range(0, 12, 2))


OPTIONS = {
    "sourceLinkLayerAddress": lambda o: ICMPv6NDOptSrcLLAddr(lladdr=colons(o["hardwareAddress"])),
    "targetLinkLayerAddress": lambda o: ICMPv6NDOptDstLLAddr(lladdr=colons(o["hardwareAddress"])),
    "prefixInformation": lambda o: ICMPv6NDOptPrefixInfo(
        prefixlen=o["prefixLength"], L=int(o["onLink"]), A=int(o["autonomous"]), R=int(o["routerAddress"]), res1=0,
        validlifetime=o["validLifetimeSeconds"], preferredlifetime=o["preferredLifetimeSeconds"], prefix=o["prefix"]),
    "mtu": lambda o: ICMPv6NDOptMTU(mtu=o["mtu"]),
    "advertisementInterval": lambda o: ICMPv6NDOptAdvInterval(advint=o["intervalMs"]),
    "homeAgentInformation": lambda o: ICMPv6NDOptHAInfo(
        pref=o["preference"], lifetime=o["lifetimeSeconds"], res=0x8000 if o["mobileRouters"] else 0
    ),
    "routeInformation": lambda o: ICMPv6NDOptRouteInfo(
        len=1 + (o["prefixLength"] + 63) // 64, plen=o["prefixLength"], prf=PREFERENCES[o["preference"]],
        rtlifetime=o["lifetimeSeconds"], prefix=o["prefix"]),
    "recursiveDnsServer": lambda o: ICMPv6NDOptRDNSS(lifetime=o["lifetimeSeconds"], dns=o["servers"]),
    "unknownOption": lambda o: ICMPv6NDOptUnknown(  # its default length counts octets, not units of 8
        type=o["type"], len=(len(o["data"]) // 2 + 2) // 8, data=bytes.fromhex(o["data"])),
}

MESSAGES = {
    "routerSolicitation": lambda m: ICMPv6ND_RS(),
    "neighborSolicitation": lambda m: ICMPv6ND_NS(tgt=m["target"]),
    "neighborAdvertisement": lambda m: ICMPv6ND_NA(
        R=int(m["router"]), S=int(m["solicited"]), O=int(m["override"]), tgt=m["target"]),
    "routerAdvertisement": lambda m: ICMPv6ND_RA(
        chlim=m["currentHopLimit"], M=int(m["managedAddresses"]), O=int(m["otherConfiguration"]), H=int(m["homeAgent"]),
        prf=PREFERENCES[m["preference"]], routerlifetime=m["routerLifetimeSeconds"], reachabletime=m["reachableTimeMs"],
        retranstimer=m["retransmissionTimerMs"]),
}


def build(case):
    message = case["message"]
    packet = IPv6(src=case["source"], dst=case["destination"], hlim=255) / MESSAGES[message["kind"]](message)
    for option in message["options"]:
        packet /= OPTIONS[option["kind"]](option)
    return bytes(packet).hex()


json.dump([build(case) for case in json.load(sys.stdin)], sys.stdout)
