import { assert, assertEquals } from "@std/assert";
import {
  installCommand,
  type Machine,
  missingPackages,
  NEEDS,
  setUp,
  TEST_NEEDS,
} from "../../scripts/setup.ts";

Deno.test("setup: what is missing is found in PATH and in the system's own folders", () => {
  const there = new Set(["/opt/bin/nft", "/usr/sbin/radvd", "/lib/scapy"]);
  const needs = [
    { package: "nftables", program: "nft" },
    { package: "radvd", program: "radvd" },
    { package: "iperf3", program: "iperf3" },
    { package: "python3-scapy", program: "/lib/scapy" },
    { package: "tshark", program: "/lib/tshark" },
  ];
  assertEquals(missingPackages(needs, "/opt/bin:.:", (path) => there.has(path)), ["iperf3", "tshark"]);
  assertEquals(missingPackages(NEEDS, "", () => true), []);
  const all = [...NEEDS, ...TEST_NEEDS];
  assertEquals(new Set(all.map((need) => need.package)).size, all.length);
});

interface Story extends Partial<Machine> {
  /** What each run of apt-get gives back, in turn. */
  readonly results?: readonly (string | undefined)[];
}

async function play(
  { results = [], ...machine }: Story,
): Promise<{ readonly ran: string[]; readonly said: string }> {
  const ran: string[] = [];
  const said: string[] = [];
  await setUp(["radvd", "iperf3"], {
    isRoot: true,
    hasApt: true,
    aptGet: (...words) => Promise.resolve(results[ran.push(words.join(" ")) - 1]),
    say: (line) => said.push(line),
    ...machine,
  });
  return { ran, said: said.join("\n") };
}

const INSTALL = "install --no-install-recommends radvd iperf3";

Deno.test("setup: installs at once where the lists are fresh, and after an update where they are not", async () => {
  const fresh = await play({});
  assertEquals(fresh, { ran: [INSTALL], said: "Installing radvd iperf3 ..." });
  const stale = await play({ results: ["E: Unable to locate package"] });
  assertEquals(stale, { ran: [INSTALL, "update", INSTALL], said: "Installing radvd iperf3 ..." });
});

Deno.test("setup: where it cannot install, it says what a person can do", async () => {
  const failed = await play({ results: ["E: one", undefined, "E: two"] });
  assertEquals(failed.ran.length, 3);
  assert(failed.said.includes("E: two\n"), failed.said);
  const offline = await play({ results: ["E: one", "E: no network"] });
  assertEquals(offline.ran, [INSTALL, "update"]);
  const user = await play({ isRoot: false });
  assertEquals(user.ran, []);
  for (const { said } of [failed, offline, user]) {
    assert(said.includes(`as root: ${installCommand(["radvd", "iperf3"])}\n`), said);
  }
  const other = await play({ hasApt: false });
  assertEquals(other.ran, []);
  assert(other.said.includes("the programs of the Debian packages radvd iperf3"), other.said);
});
