"""Builds, fragments and reassembles IPv4 packets with scapy, for scapy_fragments_test.ts: JSON on stdin and stdout."""
import json
import sys

from scapy.layers.inet import IP, IPOption, defragment, fragment
from scapy.packet import Raw


def build(case):
    """A whole packet, or a fragment of one; scapy fills in length and checksum."""
    packet = IP(src=case["source"], dst=case["destination"], tos=case["typeOfService"], ttl=case["timeToLive"],
                id=case["identification"], flags=case["flags"], frag=case["offset"], proto=case["protocol"],
                options=[IPOption(bytes.fromhex(option)) for option in case["options"]])
    return packet / Raw(bytes.fromhex(case["payload"]))


def fragments(case):
    """Each but the last has so many data octets."""
    return [bytes(each).hex() for each in fragment(IP(bytes(build(case))), fragsize=case["fragmentOctets"])]


def reassemble(texts):
    """What scapy makes of fragments, with a length and a checksum of its own."""
    parts = [IP(bytes.fromhex(text)) for text in texts]
    for part in parts:
        given, part.chksum = part.chksum, None
        assert IP(bytes(part)).chksum == given, "header checksum"
    wholes = defragment(parts)
    assert len(wholes) == 1, f"{len(wholes)} packets"
    whole = wholes[0]
    whole.len = whole.chksum = None
    return bytes(whole).hex()


def main():
    request = json.load(sys.stdin)
    json.dump({
        "built": [bytes(build(case)).hex() for case in request["build"]],
        "fragments": [fragments(case) for case in request["build"]],
        "reassembled": [reassemble(texts) for texts in request["reassemble"]],
    }, sys.stdout)


main()
