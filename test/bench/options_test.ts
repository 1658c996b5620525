import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { TUNNELS, USUAL_TUNNELS } from "../../bench/tunnels/kinds/all.ts";
import { type End, Network } from "../../bench/tunnels/network.ts";
import { parseCommandLine, type RunRequest, type TableRequest } from "../../bench/tunnels/options.ts";
import { availableTunnels, checkProcessors, needsOf } from "../../bench/tunnels/requirements.ts";
import { describeMissing } from "../../bench/tunnels/tools.ts";

async function parse(...words: string[]): Promise<RunRequest | TableRequest> {
  let request: RunRequest | TableRequest | undefined;
  const note = (asked: RunRequest | TableRequest) => {
    request = asked;
    return Promise.resolve();
  };
  await parseCommandLine(words, { run: note, table: note });
  return request!;
}

/** Runs the program as a user would; what it refuses it refuses before anything else. */
async function runProgram(...args: string[]): Promise<{ readonly code: number; readonly stderr: string }> {
  const main = new URL("../../bench/tunnels/main.ts", import.meta.url).pathname;
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", main, ...args] });
  const { code, stderr } = await command.output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

Deno.test("bench options: all tunnels and measurements, five times, unless told otherwise", async () => {
  const request = await parse() as RunRequest;
  assertEquals(request.runs, 5);
  assertEquals(request.seconds, 5);
  assertEquals(request.underlay, "veth");
  assertEquals([request.hasty, request.pin], [false, false]);
  assertEquals(request.tunnels, USUAL_TUNNELS);
  assertEquals(request.metrics.length, 6);
});

Deno.test("bench options: a choice, in the order given, each once", async () => {
  const request = await parse(
    ...["--tunnels", "dsmip, veth,dsmip", "--metrics", "tcp,rtt", "--runs", "2"],
    ...["--seconds", "1", "--underlay", "wire", "--out", "/x", "--hasty", "--pin"],
  ) as RunRequest;
  assertEquals(request.tunnels.map(({ name }) => name), ["dsmip", "veth"]);
  assertEquals(request.metrics, ["tcp", "rtt"]);
  const { runs, seconds, underlay, out, hasty, pin } = request;
  assertEquals({ runs, seconds, underlay, out, hasty, pin }, {
    runs: 2,
    seconds: 1,
    underlay: "wire",
    out: "/x",
    hasty: true,
    pin: true,
  });
});

Deno.test("bench options: earlier results", async () => {
  const request = await parse("table", "r.json", "--markdown", "--svg", "r.svg") as TableRequest;
  assertEquals({ ...request }, { file: "r.json", markdown: true, svg: "r.svg" });
});

Deno.test("bench options: what cannot be is refused with exit status 2, and says why", async () => {
  const cases: readonly (readonly [words: string[], message: RegExp])[] = [
    [["--tunnels", "veth,ipsec"], /no tunnel "ipsec".*There are: veth,/],
    [["--tunnels", ","], /at least one tunnel/],
    [["--metrics", "speed"], /no measurement "speed".*start, rtt/],
    [["--runs", "0"], /from 1 to 100/],
    [["--seconds", "1.5"], /from 1 to 60/],
    [["--underlay", "wifi"], /veth, wire, wire-gro/],
    [["--faster"], /unknown option/],
    [["tabel"], /too many arguments/],
    [["table"], /missing required argument/],
    [["table", "/nowhere.json"], /cannot read \/nowhere\.json/],
  ];
  const finished = await Promise.all(cases.map(([words]) => runProgram(...words)));
  finished.forEach(({ code, stderr }, index) => {
    assertMatch(stderr, cases[index][1]);
    assertMatch(stderr, /^bench:tunnels: /);
    assertEquals(code, 2, stderr);
  });
});

Deno.test("bench requirements: what is missing is told with its Debian package", () => {
  const exists = (program: string) => program !== "vtund" && program !== "wg" && program !== "wireguard-go";
  const lines: string[] = [];
  const left = availableTunnels(TUNNELS, (line) => lines.push(line), exists).map(({ name }) => name);
  assert(left.includes("dsmip") && !left.includes("vtun") && !left.includes("wireguard-go"));
  assertStringIncludes(lines.join("\n"), "vtun is left out: vtund is missing: apt-get install vtun");
  assertStringIncludes(
    lines.join("\n"),
    "wireguard-go, wg are missing: apt-get install wireguard-go wireguard-tools",
  );
  const onlyVtun = TUNNELS.filter(({ name }) => name === "vtun");
  assertThrows(() => availableTunnels(onlyVtun, () => {}, exists), Error, "no tunnel is left");
});

Deno.test("bench requirements: only what was asked for is needed", () => {
  const programs = (request: Parameters<typeof needsOf>[0]) => needsOf(request).map(({ program }) => program);
  const all = programs({ metrics: ["rtt", "tcp"], underlay: "wire" });
  assert(["ping", "iperf3", "ethtool", "gcc"].every((program) => all.includes(program)));
  const few = programs({ metrics: ["start"], underlay: "veth" });
  assert(["ping", "iperf3", "ethtool"].every((program) => !few.includes(program)));
  assertEquals(
    describeMissing(needsOf({ metrics: ["start"], underlay: "veth" }), () => true),
    undefined,
  );
});

Deno.test("bench: no two tunnels have one name, and each says what it is", () => {
  assertEquals(new Set(TUNNELS.map(({ name }) => name)).size, TUNNELS.length);
  for (const { about, innerMtu } of TUNNELS) assert(about !== "" && innerMtu >= 1280 && innerMtu <= 1500);
});

Deno.test("bench network: --pin gives each end a processor of its own", () => {
  const { signal } = new AbortController();
  const words = (isPinned: boolean, end: End) =>
    new Network(isPinned, signal).inside(end, ["true"]).slice(4).join(" ");
  assertEquals(words(true, "a"), "taskset -c 0 true");
  assertEquals(words(true, "b"), "taskset -c 1 true");
  assertEquals([words(true, "c"), words(false, "a")], ["true", "true"]);
});

Deno.test("bench requirements: --pin needs two processors", () => {
  checkProcessors({ pin: true }, 2);
  checkProcessors({ pin: false }, 1);
  assertThrows(() => checkProcessors({ pin: true }, 1), Error, "this machine has one");
});
