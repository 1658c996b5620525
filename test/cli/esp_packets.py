"""ESP packets by scapy, a line of JSON: of each its name, keys, the packet and what it held, all in hexadecimal digits."""
import json

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import ESP, SecurityAssociation

AUTHENTICATION = {
    "hmac-sha256-128": ("SHA2-256-128", bytes(range(32))),
    "hmac-sha1-96": ("HMAC-SHA1-96", bytes(range(20))),
}
CASES = [(f"null+{name}", "NULL", b"", *AUTHENTICATION[name]) for name in AUTHENTICATION]
CASES += [
    (f"aes-cbc+{name}", "AES-CBC", bytes(range(1, octets + 1)), *AUTHENTICATION[name])
    for name in AUTHENTICATION for octets in (16, 24, 32)
]
CASES += [("aes-gcm-16", "AES-GCM", bytes(range(2, octets + 2)), "NULL", b"") for octets in (20, 36)]

lines = []
for name, encryption, key, authentication, authentication_key in CASES:
    for octets in (1, 64, 700):
        for tunnel in (None, IPv6(src="2001:db8:1::1", dst="2001:db8:1::2")):
            association = SecurityAssociation(
                ESP, spi=0x1234, crypt_algo=encryption, crypt_key=key or None,
                auth_algo=authentication, auth_key=authentication_key or None, tunnel_header=tunnel)
            plain = IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(sport=5000, dport=5001) / (b"x" * octets)
            plain = IPv6(bytes(plain))
            sealed = bytes(association.encrypt(plain))
            lines.append(" ".join([name, key.hex() or "-", authentication_key.hex() or "-",
                                   sealed.hex(), bytes(plain[UDP]).hex()]))
print(json.dumps(lines))
