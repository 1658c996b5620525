"""
For dhcpv6_peers_test.ts. Reads hexadecimal DHCPv6 messages in JSON, and tells what scapy sees in each and how it writes
them again; builds messages of its own.
"""
import json
import sys

from scapy.layers import dhcp6
from scapy.layers.dhcp6 import (
    DHCP6OptClientId, DHCP6OptElapsedTime, DHCP6OptIA_PD, DHCP6OptIAPrefix, DHCP6OptIfaceId, DHCP6OptOptReq,
    DHCP6OptPref, DHCP6OptRapidCommit, DHCP6OptRelayMsg, DHCP6OptServerId, DHCP6OptStatusCode, DHCP6_Advertise,
    DHCP6_RelayForward, DHCP6_Renew, DHCP6_Reply, DHCP6_Solicit, DUID_EN, DUID_LL)
from scapy.packet import Packet

CLIENT = DUID_LL(lladdr="02:00:00:00:00:01")
SERVER = DUID_EN(enterprisenum=32473, id=b"server")


def prefix(**fields):
    return DHCP6OptIAPrefix(preflft=100, validlft=200, prefix="2001:db8:7::", plen=56, **fields)


def seen(octets):
    """Every layer's name and fields, the layers inside behind it."""
    layers = []

    def walk(layer):
        while isinstance(layer, Packet) and layer.name not in ("NoPayload",):
            fields = {}
            inner = []
            for field in layer.fields_desc:
                value = layer.getfieldval(field.name)
                if isinstance(value, Packet):
                    fields[field.name] = bytes(value).hex()
                elif isinstance(value, list) and value and isinstance(value[0], Packet):
                    inner.extend(value)
                elif isinstance(value, bytes):
                    fields[field.name] = value.hex()
                else:
                    fields[field.name] = value
            layers.append([type(layer).__name__, fields])
            for one in inner:
                walk(one)
            layer = layer.payload

    walk(getattr(dhcp6, dhcp6.dhcp6_cls_by_type[octets[0]])(octets))
    return layers


request = json.load(sys.stdin)
BUILT = [
    DHCP6_Solicit(trid=0x010203) / DHCP6OptClientId(duid=CLIENT) / DHCP6OptElapsedTime(elapsedtime=16)
    / DHCP6OptRapidCommit() / DHCP6OptOptReq(reqopts=[82, 23])
    / DHCP6OptIA_PD(iaid=7, T1=0, T2=0, iapdopt=[DHCP6OptIAPrefix(preflft=0, validlft=0, prefix="::", plen=60)]),
    DHCP6_Advertise(trid=0x010203) / DHCP6OptClientId(duid=CLIENT) / DHCP6OptServerId(duid=SERVER)
    / DHCP6OptPref(prefval=200) / DHCP6OptIA_PD(iaid=7, T1=50, T2=80, iapdopt=[prefix()]),
    DHCP6_Renew(trid=0xffffff) / DHCP6OptClientId(duid=CLIENT) / DHCP6OptServerId(duid=SERVER)
    / DHCP6OptIA_PD(iaid=0xffffffff, T1=0, T2=0, iapdopt=[prefix()]),
    DHCP6_Reply(trid=1) / DHCP6OptClientId(duid=CLIENT) / DHCP6OptServerId(duid=SERVER)
    / DHCP6OptIA_PD(iaid=7, T1=0, T2=0, iapdopt=[DHCP6OptStatusCode(statuscode=6, statusmsg=b"none left")]),
    DHCP6_RelayForward(hopcount=1, linkaddr="2001:db8::1", peeraddr="2001:db8::1")
    / DHCP6OptRelayMsg(message=DHCP6_Solicit(trid=5) / DHCP6OptRapidCommit()) / DHCP6OptIfaceId(ifaceid=b"if0"),
]
print(json.dumps({
    "built": [bytes(one).hex() for one in BUILT],
    "seen": [seen(bytes.fromhex(one)) for one in request],
}))
