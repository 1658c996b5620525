import { assertEquals } from "@std/assert";
import { Protocol } from "../../../core/wire/constants.ts";
import { decodeMobileIpv6Envelope } from "../../../core/wire/mobile_ipv6_envelope.ts";
import { at, handMadeOverIpv6, HOME_ADDRESS } from "../script.ts";
import { gateOf } from "./esp_script.ts";

Deno.test("ESP gate: protects what comes from the home address, and leaves alone what comes from the care-of address itself", () => {
  const protocols = [true, false].map((withHomeAddressOption) => {
    const source = "2001:db8:f::7";
    const packet = handMadeOverIpv6({ source, withHomeAddressOption });
    const out = gateOf(HOME_ADDRESS).protect({ kind: "sendPacket", source, packet }, at(0));
    const envelope = out.kind === "sendPacket" ? decodeMobileIpv6Envelope(out.packet) : undefined;
    return envelope?.ok === true ? envelope.value.protocol : out;
  });
  assertEquals(protocols, [Protocol.esp, Protocol.mobilityHeader]);
});
