import { assert, assertEquals } from "@std/assert";
import { Protocol } from "../../core/wire/constants.ts";
import { decodeMobileIpv6Envelope } from "../../core/wire/mobile_ipv6_envelope.ts";
import { encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import { type Ends, ends, outgoing, toAgent } from "../control/esp/esp_script.ts";
import { at, careOf, HOME_ADDRESS, HOME_AGENT, ofKind } from "../control/script.ts";

const CARE_OF = "2001:db8:f::7";
const PRIVATE = "192.168.1.2";
/** Whoever is on the path and sends what it has caught from a place of its own. */
const THIEF = { address: "198.51.100.66", port: 4191 };

/** What is caught, from the home address itself: headers in front of ESP are covered by nothing. */
function fromHomeAddress(caught: Uint8Array): Uint8Array {
  const envelope = decodeMobileIpv6Envelope(caught);
  assert(envelope.ok);
  const { offset, end } = envelope.value;
  const carried = encodeMobilityPacket({
    source: HOME_ADDRESS,
    destination: HOME_AGENT,
    mobilityHeader: caught.subarray(offset, end),
  });
  carried.set(caught.subarray(offset, end), carried.length - (end - offset));
  carried[6] = envelope.value.protocol;
  return carried;
}

function update(both: Ends, careOfAddress: string, nowMs: number): Uint8Array {
  const [packet] = outgoing(
    both.mobileGate,
    both.mobileNode.handle(careOf(careOfAddress), at(nowMs)),
    at(nowMs),
  );
  return packet;
}

function boundTo(both: Ends): (string | undefined)[] {
  return both.homeAgent.bindings(at(100)).map(({ careOfAddress }) => careOfAddress);
}

Deno.test("RFC 3776 4.3, RFC 5555 5: an update over IPv6 does not count where somebody brings its ESP over IPv4", () => {
  const both = ends();
  const caught = update(both, CARE_OF, 0);
  const carried = fromHomeAddress(caught);
  assertEquals(carried[6], Protocol.esp);
  assertEquals(ofKind(toAgent(both, carried, at(0), THIEF), "setBinding"), []);
  assertEquals(boundTo(both), []);
});

Deno.test("RFC 3776 4.3, RFC 5555 5: an update over IPv4 takes no binding away where somebody brings its ESP over IPv6", () => {
  const both = ends();
  toAgent(both, update(both, CARE_OF, 0), at(0));
  assertEquals(boundTo(both), [CARE_OF]);
  const caught = update(both, PRIVATE, 50);
  assertEquals(toAgent(both, fromHomeAddress(caught), at(50)).map(({ kind }) => kind), ["report"]);
  assertEquals(boundTo(both), [CARE_OF]);
});
