import { assert, assertEquals } from "@std/assert";
import {
  encodeDelegationPacket,
  readDelegationPacket,
} from "../../core/control/delegation/delegation_packet.ts";
import type { EspGate } from "../../core/control/esp/esp_gate.ts";
import { Protocol } from "../../core/wire/constants.ts";
import { encodeDhcpv6 } from "../../core/wire/dhcpv6.ts";
import { decodeMobileIpv6Envelope } from "../../core/wire/mobile_ipv6_envelope.ts";
import {
  entry,
  fromClient,
  iaPd,
  pool,
  relayed,
  ServerPlayer,
  solicit,
} from "../control/delegation/script.ts";
import { gateOf, outgoing } from "../control/esp/esp_script.ts";
import { at, HOME_ADDRESS, HOME_AGENT, ofKind } from "../control/script.ts";

Deno.test("RFC 3776 4.1 M-022 K-006 S-016: stateful configuration, which is prefix delegation, is protected in the tunnel, both ways", () => {
  const mobileGate = gateOf(HOME_ADDRESS);
  const homeGate = gateOf(HOME_AGENT);
  const player = new ServerPlayer(pool("2001:db8:200::/56", 64), {
    mobileNodes: [{ ...entry(HOME_ADDRESS), requiresEsp: true }],
  });
  const asked = encodeDhcpv6(relayed(fromClient(solicit, { kind: "rapidCommit" }, iaPd(1))));
  const plain = { way: "tunnel", source: HOME_ADDRESS, datagram: asked } as const;
  assertEquals(player.handle({ ...plain, kind: "received" }).map(({ kind }) => kind), ["report"]);
  const carried = (from: EspGate, to: EspGate, packet: Uint8Array) => {
    const source = from === mobileGate ? HOME_ADDRESS : HOME_AGENT;
    const [sealed] = outgoing(from, [{ kind: "sendPacket", source, packet }], at(0));
    // Transport mode, between the two that the associations are for.
    const envelope = decodeMobileIpv6Envelope(sealed);
    assert(envelope.ok);
    assertEquals([envelope.value.protocol, envelope.value.source], [Protocol.esp, source]);
    const opened = to.open(sealed, at(0));
    assert(opened.kind === "delegation");
    const read = readDelegationPacket(opened.packet);
    assert(typeof read === "object");
    return read;
  };
  const up = { source: HOME_ADDRESS, destination: HOME_AGENT, datagram: asked };
  const { source, datagram } = carried(mobileGate, homeGate, encodeDelegationPacket(up));
  const answered = player.handle({ kind: "received", way: "protectedTunnel", source, datagram });
  const [{ way, destination, port, datagram: answer }] = ofKind(answered, "send");
  assertEquals([way, destination, port], ["protectedTunnel", HOME_ADDRESS, 547]);
  const down = { source: HOME_AGENT, destination, datagram: answer };
  assertEquals(carried(homeGate, mobileGate, encodeDelegationPacket(down)), down);
});
