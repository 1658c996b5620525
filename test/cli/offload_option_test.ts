import { assert, assertEquals, assertThrows } from "@std/assert";
import { Command } from "commander";
import { chosenOffloads, noOffloadOption, offloadOption } from "../../cli/commands/offload_option.ts";
import {
  ALL_OFFLOADS,
  NO_OFFLOADS,
  OFFLOAD_NAMES,
  type Offloads,
  parseOffloads,
} from "../../cli/daemon/offloads.ts";
import { dsmip } from "./dsmip.ts";

const NAMES = "tun-header, tun-tcp, tun-udp, udp-segment, udp-receive";

/** What a daemon takes from these words of the command line. */
function offloadsOf(...words: string[]): Offloads {
  let chosen: Offloads | undefined;
  new Command()
    .addOption(offloadOption())
    .addOption(noOffloadOption())
    .action(({ offload }) => void (chosen = chosenOffloads(offload)))
    .parse(words, { from: "user" });
  return chosen!;
}

Deno.test("--offload: all without it, none with --no-offload, else what is named", () => {
  const tun = { header: true, tcp: false, udp: false };
  const cases: readonly (readonly [string, Offloads])[] = [
    ["", ALL_OFFLOADS],
    ["--no-offload", NO_OFFLOADS],
    [`--offload ${Object.keys(OFFLOAD_NAMES).join(",")}`, ALL_OFFLOADS],
    ["--offload=tun-header", { ...NO_OFFLOADS, tun }],
    // The header comes with what needs it.
    ["--offload tun-tcp", { ...NO_OFFLOADS, tun: { ...tun, tcp: true } }],
    ["--offload tun-udp", { ...NO_OFFLOADS, tun: { ...tun, udp: true } }],
    ["--offload udp-segment", { ...NO_OFFLOADS, udpSegment: true }],
    ["--offload udp-receive,udp-segment", { ...NO_OFFLOADS, udpSegment: true, udpReceive: true }],
    ["--offload udp-receive,udp-receive", { ...NO_OFFLOADS, udpReceive: true }],
    ["--offload tun-udp --no-offload", NO_OFFLOADS],
  ];
  for (const [line, expected] of cases) {
    assertEquals(offloadsOf(...line.split(" ").filter(Boolean)), expected, line);
  }
});

Deno.test("--offload: every name of the table is one, and switches something on", () => {
  for (const name of Object.keys(OFFLOAD_NAMES)) {
    assert(JSON.stringify(parseOffloads(name)) !== JSON.stringify(NO_OFFLOADS), name);
  }
  for (const name of ["", "tun", "TUN-TCP", "tun-tcp,", "tun-tcp, tun-udp", "toString", "all"]) {
    assertThrows(() => parseOffloads(name), RangeError, `is not one of ${NAMES}`);
  }
});

Deno.test("--offload: the programs refuse an unknown name with status 2, and their help has the names", async () => {
  for (const words of [["ha", "serve"], ["mn", "up"]]) {
    const [refused, help] = await Promise.all([
      dsmip(...words, "--config", "/nonexistent.toml", "--offload", "tun-tcp,gso"),
      dsmip(...words, "--help"),
    ]);
    assertEquals(refused, {
      code: 2,
      stdout: "",
      stderr: "dsmip: error: option '--offload <names>' argument 'tun-tcp,gso' is invalid. " +
        `"gso" is not one of ${NAMES}\nTry: dsmip ${words.join(" ")} --help\n`,
    });
    const text = help.stdout.replace(/\s+/g, " ");
    assert(text.includes("--no-offload"), help.stdout);
    assert(text.includes(NAMES), help.stdout);
  }
});
