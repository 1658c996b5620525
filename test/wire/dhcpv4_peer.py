"""Builds DHCP and ARP packets with scapy, for dhcpv4_peers_test.ts: hexadecimal in JSON on stdout."""
import json

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP

HARDWARE = bytes.fromhex("020000000001")


def packet(options, **fields):
    head = IP(src="192.0.2.1", dst="255.255.255.255") / UDP(sport=67, dport=68)
    return head / BOOTP(op=2, xid=0x1234, yiaddr="192.0.2.7", chaddr=HARDWARE, **fields) / DHCP(options=options)


OFFER = packet([
    ("message-type", "offer"), ("subnet_mask", "255.255.255.0"), ("router", "192.0.2.1", "192.0.2.2"),
    ("name_server", "192.0.2.53", "192.0.2.54"), ("lease_time", 3600), ("renewal_time", 1000),
    ("rebinding_time", 2000), ("server_id", "192.0.2.1"), ("interface-mtu", 1400), "end"])
ACK = packet([
    ("message-type", "ack"), (80, b""), ("lease_time", 0xffffffff),
    (121, bytes.fromhex("18c63364c0000202" + "00c0000201")), "end"], flags=0x8000, secs=7)
NAK = packet([("message-type", "nak"), ("server_id", "192.0.2.1"), ("error_message", b"no"), "end"])
OVERLOADED = packet(
    [("message-type", "offer"), ("dhcp-option-overload", 3), "end"],
    file=bytes.fromhex("330400000e10ff"), sname=bytes.fromhex("0104ffffff00ff"))
REPLY = ARP(op=2, hwsrc="02:00:00:00:00:99", psrc="192.0.2.1", hwdst="02:00:00:00:00:01", pdst="192.0.2.7")

print(json.dumps([bytes(one).hex() for one in (OFFER, ACK, NAK, OVERLOADED, REPLY)]))
