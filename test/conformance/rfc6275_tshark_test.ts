import { assertEquals } from "@std/assert";
import { encodePcapHeader, encodePcapRecord } from "../../core/capture/pcap_writer.ts";
import {
  at,
  candidate,
  fromIpv6,
  HOME_ADDRESS,
  HOME_AGENT,
  IDENTITY,
  newHomeAgent,
  newMobileNode,
  offer,
  registerOverIpv6,
  security,
  sentOverIpv6,
} from "../control/script.ts";
import { hasTshark, tsharkFields } from "../inspect/tshark.ts";

const CARE_OF = "2001:db8:f::7";
/** LINKTYPE_RAW: each packet begins with its IP header. */
const FORMAT = { linkType: 101 };
const FIELDS = [
  "ipv6.src",
  "ipv6.dst",
  "mip6.mhtype",
  "mip6.acoa.acoa",
  "ipv6.routing.type",
  "ipv6.routing.mipv6.home_address",
  "ipv6.opt.mipv6.home_address",
  "mip6.bu.lifetime",
  "mip6.ba.status",
  "mip6.nemo.mnp.mnp",
  "_ws.expert.message",
];

const NODE = { identity: IDENTITY, homeAddress: HOME_ADDRESS, security };

/** FIELDS of: the update, its answer, the de-registration at home, its answer. No expert complains. */
const EXPECTED: readonly (readonly string[])[] = [
  [CARE_OF, HOME_AGENT, "5", CARE_OF, "", "", HOME_ADDRESS, "105", "", "2001:db8:200::", ""],
  [HOME_AGENT, CARE_OF, "6", "", "2", HOME_ADDRESS, "", "", "0", "", ""],
  [HOME_ADDRESS, HOME_AGENT, "5", HOME_ADDRESS, "", "", "", "0", "", "", ""],
  [HOME_AGENT, HOME_ADDRESS, "6", "", "", "", "", "", "0", "", ""],
];

Deno.test({
  name: "RFC 6275 M-461 M-463 M-253 M-428: tshark reads our registration and return over IPv6 as we mean it",
  ignore: !hasTshark,
  async fn() {
    const prefix = { address: "2001:db8:200::", length: 64 };
    const mobileNode = newMobileNode({ mobileNetworkPrefixes: [prefix] });
    const homeAgent = newHomeAgent({
      mobileNodes: [{ ...NODE, mobileNetworkPrefixes: [prefix] }],
    });
    const { update, answer } = registerOverIpv6(mobileNode, homeAgent, CARE_OF);
    const home = mobileNode.handle(offer(candidate("2001:db8:100::77", { atHome: true })), at(1000));
    const released = homeAgent.handle(fromIpv6(home), at(1001));
    const packets = [update, answer, home, released].map((actions) => sentOverIpv6(actions).packet);

    const file = await Deno.makeTempFile({ suffix: ".pcap" });
    try {
      const time = { seconds: 0, nanoseconds: 0 };
      const records = packets.map((packet) => [...encodePcapRecord(FORMAT, time, packet)]);
      await Deno.writeFile(file, new Uint8Array([...encodePcapHeader(FORMAT), ...records.flat()]));
      const rows = await tsharkFields(file, FIELDS);
      assertEquals(rows.map((row) => row.map((values) => [...new Set(values)].join(" "))), EXPECTED);
    } finally {
      await Deno.remove(file);
    }
  },
});
