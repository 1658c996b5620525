"""Sends packets that a mobile node or a home agent gets, and prints which ICMPv6 errors come back, as JSON.

Arguments: interface, hardware address of the receiver, source, destination, another address of the receiver; and to send
ESP instead, an SPI of the receiver's and one that is not.
"""

import json
import sys
import time

from scapy.all import (
    ESP,
    HAO,
    AsyncSniffer,
    Ether,
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6HAADReply,
    ICMPv6HAADRequest,
    ICMPv6MPAdv,
    ICMPv6MPSol,
    ICMPv6ParamProblem,
    IP,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    MIP6MH_BA,
    MIP6MH_BU,
    UDP,
    Raw,
    sendp,
)

interface, hardware, source, destination, other = sys.argv[1:6]
spis = dict(zip(("ours", "foreign"), map(int, sys.argv[6:])))
home = "2001:db8:100::100"


def to(address=destination):
    return IPv6(src=source, dst=address)


home_address = IPv6ExtHdrDestOpt(options=[HAO(hoa=home)])
update = MIP6MH_BU(seq=1)
packets = {
    "home address option, binding update": to() / home_address / update,
    "binding update": to() / update,
    "type 2 routing header, acknowledgement": to() / IPv6ExtHdrRouting(type=2, segleft=1, addresses=[home]) / MIP6MH_BA(),
    "hop-by-hop options, home address option, binding update": to() / IPv6ExtHdrHopByHop() / home_address / update,
    "mobile prefix solicitation": to() / home_address / ICMPv6MPSol(id=1),
    "type 2 routing header, mobile prefix advertisement": to()
    / IPv6ExtHdrRouting(type=2, segleft=1, addresses=[home])
    / ICMPv6MPAdv(id=1),
    "home agent address discovery": to() / ICMPv6HAADRequest(id=1, R=0),
    "home agent address discovery reply": to() / ICMPv6HAADReply(id=1, addresses=[source]),
    "to another address": to(other) / home_address / update,
    "destination options, UDP": to() / IPv6ExtHdrDestOpt() / UDP(sport=9, dport=4191),
    "fragment": to() / IPv6ExtHdrFragment(m=1, id=7) / update,
    "hop-by-hop options, fragment": to() / IPv6ExtHdrHopByHop() / IPv6ExtHdrFragment(m=1, id=8) / update,
    "IPv6 in IPv6": to() / IPv6(src=home, dst=home) / UDP(sport=9, dport=9),
    "IPv4 in IPv6": to() / IP(src="192.0.2.1", dst="192.0.2.2") / UDP(sport=9, dport=9),
    # Tunnel Encapsulation Limit (RFC 2473 4.1.1).
    "limit, IPv6 in IPv6": to() / Raw(bytes([41, 0, 4, 1, 4, 1, 1, 0]) + bytes(IPv6(src=home, dst=home) / UDP())),
    "limit, IPv4 in IPv6": to() / Raw(bytes([4, 0, 4, 1, 4, 1, 1, 0]) + bytes(IP(dst="192.0.2.2") / UDP())),
}
for name in packets:
    if name.startswith("limit"):
        packets[name][IPv6].nh = 60

if spis:
    packets = {}
    routing = IPv6ExtHdrRouting(type=2, segleft=1, addresses=[home])
    for owner, spi in spis.items():
        esp = ESP(spi=spi, seq=1, data=bytes(range(64)))
        packets[owner] = to() / esp
        packets[owner + ", home address option"] = to() / home_address / esp
        packets[owner + ", type 2 routing header"] = to() / routing / esp
        packets[owner + ", hop-by-hop options"] = to() / IPv6ExtHdrHopByHop() / home_address / esp
        packets[owner + ", to another address"] = to(other) / esp

answers = {}
for name, packet in packets.items():
    sniffer = AsyncSniffer(
        iface=interface,
        lfilter=lambda answer: any(answer.haslayer(kind) for kind in (ICMPv6ParamProblem, ICMPv6DestUnreach, ICMPv6EchoReply)),
        stop_filter=lambda answer: answer.haslayer(ICMPv6EchoReply),
        timeout=5,
    )
    sniffer.start()
    while not getattr(sniffer, "stop_cb", None):
        time.sleep(0.005)
    time.sleep(0.02)
    # The answer to the second comes behind those to the first.
    ping = to() / ICMPv6EchoRequest()
    sendp([Ether(dst=hardware) / packet, Ether(dst=hardware) / ping], iface=interface, verbose=False)
    sniffer.join()
    answers[name] = [
        "%d/%d" % (a[IPv6].payload.type, a[IPv6].payload.code)
        for a in sniffer.results
        if not a.haslayer(ICMPv6EchoReply)
    ]
print(json.dumps(answers))
