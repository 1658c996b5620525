"""Home agent address discovery as scapy does it (RFC 6275 sections 6.5, 6.6): prints the reply as JSON."""

import json
import sys

from scapy.all import ICMPv6HAADReply, ICMPv6HAADRequest, IPv6, conf, sr1

conf.verb = 0
source, anycast = sys.argv[1:]
answer = sr1(IPv6(src=source, dst=anycast) / ICMPv6HAADRequest(id=0x1234, R=0), timeout=3, retry=-2)
reply = answer and answer.getlayer(ICMPv6HAADReply)
print(json.dumps(None if reply is None else {
    "source": answer[IPv6].src,
    "identifier": reply.id,
    "homeAgents": [str(address) for address in reply.addresses],
}))
