import { Command, InvalidArgumentError, Option } from "commander";
import { TIME_FORMS } from "../../core/inspect/time_column.ts";
import { OUTPUT_FORMATS } from "./decode_format.ts";

const EXAMPLES = `
One line a packet: number, seconds since the first packet, innermost source
and destination, protocol, what matters, [remarks], and the tunnels that the
packet came through, the innermost first.

In a Binding Update (BU) or Acknowledgement (BA): AHK... are flags, CoA4 the
IPv4 care-of address, HoA4 the IPv4 home address, HoA the Home Address option,
RH2 the type 2 routing header, MNP a mobile network prefix; [NAT] where the
outer source address is not the care-of address. Other messages by their
abbreviations: HoTI CoTI HoT CoT BRR BE, FBU FBack FNA HI HAck, HAS HB BRI BRA
LRI LRA UPN UPA, FBI FBA SQ SR.

Examples:
  dsmip decode capture.pcap
  dsmip decode -V -c 1 capture.pcapng   every field of the first packet
  dsmip decode -Y 'mip6.mhtype in {5, 6}' capture.pcap   the registrations
  dsmip decode -T fields -e frame.number -e mip6.ba.status capture.pcap
  dsmip decode -i eth0 -w kept.pcap     live`;

/** `dsmip decode FILE` */
export function decodeCommand() {
  return new Command("decode")
    .description(
      "Read a packet capture (pcap, pcapng, also gzip or zstd) as a person who cares for IP mobility would",
    )
    .argument("[file]", "the capture; - is standard input")
    .option("-i, --interface <name>", "capture from this interface instead, until Ctrl-C")
    .option("-w, --write <file>", "with -i: keep all that was seen as pcap")
    .option("-V, --verbose", "the full tree of every packet instead of a line")
    .option("-x, --hex", "the octets of every packet, too")
    .addOption(
      new Option(
        "-t, --time <form>",
        "when: r seconds since the first packet, d since the one before, dd since the one shown before, " +
          "e since 1970, ud date and time in UTC",
      ).choices(TIME_FORMS),
    )
    .option("-c, --count <packets>", "stop after so many packets", parseCount)
    .option("-Y, --filter <filter>", "only packets that this display filter lets through, in tshark's words")
    .addOption(new Option("-T, --format <format>", "what to print of a packet").choices(OUTPUT_FORMATS))
    .option("-e, --field <name>", "a field to print, by tshark's name; may be given again", collect)
    .option(
      "-E, --layout <setting>",
      "how -T fields prints: separator=, header=y, ... as tshark has it",
      collect,
    )
    .option("--esp-sa <file>", "decrypt ESP with the keys in this file (TOML, mode 0600)")
    .option(
      "--legacy",
      "the capture is from before RFC 5555: its drafts' port 666, options 21 to 24, status 152",
    )
    .option("--sessions", "the story of each mobile node: registrations, NAT, handovers, overhead")
    .option("--plot <file>", "with --sessions: data and signalling against time, as an SVG picture")
    .option("--lint", "hold every packet against the RFCs; exit status 3 when an error or a warning is found")
    .option("--lint-rules", "list the rules of --lint")
    .addHelpText("after", EXAMPLES)
    .action(async (file, options) => {
      const { runDecode } = await import("./decode_run.ts");
      await runDecode(file, options);
    });
}

function collect(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count === 0 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError("It is a number of packets, 1 or more.");
  }
  return count;
}
