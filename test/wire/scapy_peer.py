"""Builds and reads mobility packets with scapy, for scapy_test.ts: JSON on stdin, JSON on stdout."""
import json
import sys

from scapy.layers.inet6 import (
    HAO, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrRouting, MIP6MH_BA, MIP6MH_BE, MIP6MH_BRR, MIP6MH_BU, MIP6MH_CoT,
    MIP6MH_CoTI, MIP6MH_HoT, MIP6MH_HoTI, MIP6OptAltCoA, MIP6OptBRAdvice, MIP6OptBindingAuthData, MIP6OptMNID,
    MIP6OptMobNetPrefix, MIP6OptMsgAuth, MIP6OptNonceIndices, MIP6OptReplayProtection, MIP6OptUnknown, Pad1, PadN, in6_chksum)


def octets(text):
    return bytes.fromhex(text)


def bits(record, names, width):
    """Flags as a number; the first name has the highest bit."""
    return sum(bool(record[name]) << (width - 1 - i) for i, name in enumerate(names))


UPDATE_RESERVED = ["forceUdp", "tlvHeader", "overwriteOrBulk"]
UPDATE_FLAGS = ["acknowledge", "homeRegistration", "linkLocalCompatibility", "keyManagementMobility",
                "mapRegistration", "mobileRouter", "proxyRegistration"]
ACKNOWLEDGEMENT_FLAGS = ["keyManagementMobility", "mobileRouter", "proxyRegistration"]
ACKNOWLEDGEMENT_RESERVED = ["tlvHeader", "bulk"]


def named(value, names, width):
    return {name: bool(int(value) >> (width - 1 - i) & 1) for i, name in enumerate(names)}


# Of each option: how scapy builds it from a record, and the record that scapy's object makes.
# scapy's defaults for two lengths are wrong (16); they are given here.
OPTIONS = {
    "bindingRefreshAdvice": (
        MIP6OptBRAdvice, lambda o: MIP6OptBRAdvice(rinter=o["refreshIntervalSeconds"] // 4),
        lambda p: {"refreshIntervalSeconds": p.rinter * 4}),
    "alternateCareOfAddress": (
        MIP6OptAltCoA, lambda o: MIP6OptAltCoA(acoa=o["careOfAddress"]), lambda p: {"careOfAddress": p.acoa}),
    "nonceIndices": (
        MIP6OptNonceIndices,
        lambda o: MIP6OptNonceIndices(olen=4, hni=o["homeNonceIndex"], coni=o["careOfNonceIndex"]),
        lambda p: {"homeNonceIndex": p.hni, "careOfNonceIndex": p.coni}),
    "bindingAuthorizationData": (
        MIP6OptBindingAuthData,
        lambda o: MIP6OptBindingAuthData(olen=12, authenticator=int(o["authenticator"], 16)),
        lambda p: {"authenticator": "%024x" % p.authenticator}),
    "mobileNetworkPrefix": (
        MIP6OptMobNetPrefix, lambda o: MIP6OptMobNetPrefix(plen=o["prefixLength"], prefix=o["prefix"]),
        lambda p: {"prefixLength": p.plen, "prefix": p.prefix}),
    "mobileNodeIdentifier": (
        MIP6OptMNID, lambda o: MIP6OptMNID(subtype=o["subtype"], id=octets(o["identifier"])),
        lambda p: {"subtype": p.subtype, "identifier": p.id.hex()}),
    "messageAuthentication": (
        MIP6OptMsgAuth,
        lambda o: MIP6OptMsgAuth(subtype=o["subtype"], mspi=o["spi"], authdata=octets(o["authenticationData"])),
        lambda p: {"subtype": p.subtype, "spi": p.mspi, "authenticationData": p.authdata.hex()}),
    "messageIdentification": (
        MIP6OptReplayProtection, lambda o: MIP6OptReplayProtection(timestamp=int(o["timestamp"])),
        lambda p: {"timestamp": str(p.timestamp)}),
    "unknownOption": (
        MIP6OptUnknown, lambda o: MIP6OptUnknown(otype=o["type"], odata=octets(o["data"])),
        lambda p: {"type": p.otype, "data": p.odata.hex()}),
}

MESSAGES = {
    "bindingRefreshRequest": (MIP6MH_BRR, lambda m: MIP6MH_BRR(res2=0), lambda p: {}),
    "homeTestInit": (
        MIP6MH_HoTI, lambda m: MIP6MH_HoTI(cookie=octets(m["homeInitCookie"])),
        lambda p: {"homeInitCookie": p.cookie.hex()}),
    "careOfTestInit": (
        MIP6MH_CoTI, lambda m: MIP6MH_CoTI(mhtype=2, cookie=octets(m["careOfInitCookie"])),
        lambda p: {"careOfInitCookie": p.cookie.hex()}),
    "homeTest": (
        MIP6MH_HoT,
        lambda m: MIP6MH_HoT(index=m["homeNonceIndex"], cookie=octets(m["homeInitCookie"]),
                             token=octets(m["homeKeygenToken"])),
        lambda p: {"homeNonceIndex": p.index, "homeInitCookie": p.cookie.hex(), "homeKeygenToken": p.token.hex()}),
    "careOfTest": (
        MIP6MH_CoT,
        lambda m: MIP6MH_CoT(mhtype=4, index=m["careOfNonceIndex"], cookie=octets(m["careOfInitCookie"]),
                             token=octets(m["careOfKeygenToken"])),
        lambda p: {"careOfNonceIndex": p.index, "careOfInitCookie": p.cookie.hex(),
                   "careOfKeygenToken": p.token.hex()}),
    "bindingUpdate": (
        MIP6MH_BU,
        lambda m: MIP6MH_BU(seq=m["sequenceNumber"], flags=bits(m, UPDATE_FLAGS, 7),
                            reserved=bits(m, UPDATE_RESERVED, 9), mhtime=m["lifetimeSeconds"] // 4),
        lambda p: {"sequenceNumber": p.seq, **named(p.flags, UPDATE_FLAGS, 7),
                   **named(p.reserved, UPDATE_RESERVED, 9), "lifetimeSeconds": p.mhtime * 4}),
    "bindingAcknowledgement": (
        MIP6MH_BA,
        lambda m: MIP6MH_BA(status=m["status"], flags=bits(m, ACKNOWLEDGEMENT_FLAGS, 3),
                            res2=bits(m, ACKNOWLEDGEMENT_RESERVED, 5), seq=m["sequenceNumber"],
                            mhtime=m["lifetimeSeconds"] // 4),
        lambda p: {"status": p.status, **named(p.flags, ACKNOWLEDGEMENT_FLAGS, 3),
                   **named(p.res2, ACKNOWLEDGEMENT_RESERVED, 5), "sequenceNumber": p.seq,
                   "lifetimeSeconds": p.mhtime * 4}),
    "bindingError": (
        MIP6MH_BE, lambda m: MIP6MH_BE(status=m["status"], ha=m["homeAddress"]),
        lambda p: {"status": p.status, "homeAddress": p.ha}),
}


MESSAGE_LAYERS = [layer for layer, _, _ in MESSAGES.values()]


def build(case):
    packet = IPv6(src=case["source"], dst=case["destination"])
    if case["homeAddressOption"] is not None:
        packet /= IPv6ExtHdrDestOpt(options=[HAO(hoa=case["homeAddressOption"])])
    if case["routingHomeAddress"] is not None:
        packet /= IPv6ExtHdrRouting(type=2, addresses=[case["routingHomeAddress"]], segleft=1)
    message = case["message"]
    layer = MESSAGES[message["kind"]][1](message)
    layer.options = [OPTIONS[option["kind"]][1](option) for option in message["options"]]
    return bytes(packet / layer).hex()


def read(packet):
    for kind, (layer, _, fields) in MESSAGES.items():
        found = packet.getlayer(layer)
        if found is not None and type(found) is layer:
            options = [read_option(option) for option in found.options if not isinstance(option, (Pad1, PadN))]
            return {"kind": kind, **fields(found), "options": options}
    return {"kind": "none", "summary": packet.summary()}


def read_option(option):
    for kind, (layer, _, fields) in OPTIONS.items():
        if type(option) is layer:
            return {"kind": kind, **fields(option)}
    return {"kind": type(option).__name__}


def checksum_valid(packet):
    """The checksum over scapy's idea of the pseudo header; over the given checksum too, which makes it 0."""
    destination_options = packet.getlayer(IPv6ExtHdrDestOpt)
    if destination_options is not None:  # scapy overlooks a Home Address option with padding before it
        destination_options.options = [option for option in destination_options.options if isinstance(option, HAO)]
    layer = next(found for found in map(packet.getlayer, MESSAGE_LAYERS) if type(found) in MESSAGE_LAYERS)
    return in6_chksum(135, layer.underlayer, layer.original) in (0, 0xFFFF)


def main():
    request = json.load(sys.stdin)
    packets = [IPv6(octets(text)) for text in request["read"]]
    json.dump({
        "built": [build(case) for case in request["build"]],
        "read": [{"message": read(packet), "checksumValid": checksum_valid(packet)} for packet in packets],
    }, sys.stdout)


main()
