"""An ESP peer by scapy. Reads a JSON list of requests, writes what it makes of each, in hexadecimal digits.

A request has the keys of a security association, and `seal`: an IPv6 packet to protect with the sequence number `number`, or
`open`: one to verify and decrypt. With `tunnel`, two addresses, the packet goes inside another.
"""
import json
import sys

from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import ESP, SecurityAssociation

ENCRYPTION = {"null": "NULL", "aes-cbc": "AES-CBC", "aes-gcm-16": "AES-GCM"}
INTEGRITY = {"hmac-sha256-128": "SHA2-256-128", "hmac-sha1-96": "HMAC-SHA1-96"}


def association(request):
    encryption, _, integrity = request["algorithm"].partition("+")
    tunnel = request.get("tunnel")
    return SecurityAssociation(
        ESP, spi=request["spi"],
        crypt_algo=ENCRYPTION[encryption], crypt_key=bytes.fromhex(request["encryptionKey"]) or None,
        auth_algo=INTEGRITY.get(integrity, "NULL"), auth_key=bytes.fromhex(request["integrityKey"]) or None,
        tunnel_header=IPv6(src=tunnel[0], dst=tunnel[1]) if tunnel else None,
        esn_en=request.get("high") is not None, esn=request.get("high") or 0)


def answer(request):
    if "seal" in request:
        plain = IPv6(bytes.fromhex(request["seal"]))
        return bytes(association(request).encrypt(plain, seq_num=request["number"])).hex()
    return bytes(association(request).decrypt(IPv6(bytes.fromhex(request["open"])))).hex()


json.dump([answer(request) for request in json.load(sys.stdin)], sys.stdout)
