"""Builds packets and looks into segments with scapy, for scapy_segments_test.ts: JSON on stdin, JSON on stdout."""
import json
import sys

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.packet import Raw


def build(case):
    """A whole packet; scapy fills in lengths and checksums."""
    if case["version"] == 4:
        packet = IP(src=case["source"], dst=case["destination"], tos=case["typeOfService"], ttl=case["timeToLive"],
                    id=case["identification"], flags="DF" if case["dontFragment"] else 0)
    else:
        packet = IPv6(src=case["source"], dst=case["destination"], tc=case["typeOfService"], hlim=case["timeToLive"],
                      fl=case["flowLabel"])
    if case["protocol"] == "tcp":
        options = [("NOP", None), ("NOP", None), ("Timestamp", (7, 9))] if case["hasOptions"] else []
        packet /= TCP(sport=case["sourcePort"], dport=case["destinationPort"], seq=case["sequence"], ack=5, window=77,
                      flags=case["flags"], options=options)
    else:
        packet /= UDP(sport=case["sourcePort"], dport=case["destinationPort"])
    return bytes(packet / Raw(bytes.fromhex(case["payload"]))).hex()


def read(octets):
    """What scapy sees, and the packet as scapy makes it: with lengths and checksums of its own."""
    packet = IP(octets) if octets[0] >> 4 == 4 else IPv6(octets)
    upper = packet.getlayer(TCP) or packet.getlayer(UDP)
    seen = {
        "identification": packet.id if packet.version == 4 else None,
        "sequence": upper.seq if isinstance(upper, TCP) else None,
        "flags": str(upper.flags) if isinstance(upper, TCP) else None,
        "payload": bytes(upper.payload).hex(),
    }
    if packet.version == 4:
        del packet.chksum, packet.len
    else:
        del packet.plen
    del upper.chksum
    if isinstance(upper, UDP):
        del upper.len
    return {**seen, "rebuilt": bytes(packet).hex()}


def main():
    request = json.load(sys.stdin)
    json.dump({
        "built": [build(case) for case in request["build"]],
        "read": [read(bytes.fromhex(text)) for text in request["read"]],
    }, sys.stdout)


main()
