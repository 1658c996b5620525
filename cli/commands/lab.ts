import { Argument, Command, InvalidArgumentError } from "commander";
import { print, remark } from "../output/write.ts";

const SCENARIO_NAMES = ["public", "nat", "handover", "pan", "emergency", "nested", "esp-nat"] as const;
const MAXIMUM_RUNS = 1000;
const MAXIMUM_SECONDS = 3600;

/** `dsmip lab list`, `dsmip lab run` and `dsmip lab clean`. */
export function labCommand() {
  const list = new Command("list")
    .description("Name the scenarios")
    .option("--json", "for programs: one JSON object, {scenarios: [{name, summary}]}")
    .addHelpText("after", "\nExample:\n  dsmip lab list")
    .action(async ({ json }) => (await import("../lab/command.ts")).listScenarios(json === true));
  const run = new Command("run")
    .description("Play a scenario with real programs and real packets, in network namespaces of this machine")
    .addArgument(new Argument("<scenario>", "which one").choices(SCENARIO_NAMES))
    .option(
      "--json",
      "for programs: one JSON object, {scenario, ok, checks: [{name, ok, value, unit, limit}], ...}",
    )
    .option(
      "--keep",
      "nat, public: leave network and daemons running afterwards, and tell how to look inside",
    )
    .option("--pcap <folder>", "nat, public: keep the captures of home agent and mobile node there")
    .option("--runs <n>", "handover: how often each is played (10); pan: journeys (1)", numberOfRuns)
    .option("--only <name>", "handover: this one alone; may be given again", collect)
    .option("--delay <time>", "handover, pan: to the home agent, one way, as 20ms (0ms)", delay)
    .option("--seconds <n>", "pan: in each network (5); emergency: of movement (60)", numberOfSeconds)
    .option("--seed <n>", "handover: of the ping-pong (1); emergency: of all that is random (1)", wholeNumber)
    .option("--out <folder>", "where figures, data and traces go (dsmip-SCENARIO); not of nat and public")
    .addHelpText(
      "after",
      "\nExamples:\n  dsmip lab run nat\n  dsmip lab run public --json --pcap /tmp/captures\n" +
        "  dsmip lab run pan --out /tmp/pan",
    )
    .action(async (scenario, { runs, only, delay: delayMs, seconds, seed, out, ...options }) => {
      const { runLab, runMeasuredLab } = await import("../lab/command.ts");
      if (scenario === "public" || scenario === "nat") await runLab(scenario, options);
      else await runMeasuredLab(scenario, { runs, only, delayMs, seconds, seed, out }, options);
    });
  const clean = new Command("clean")
    .description("Remove what earlier runs have left: kept networks, and those of labs that were killed")
    .addArgument(new Argument("[run...]", "names of runs, as 1a2b3c4d; all when none is given"))
    .addHelpText("after", "\nExample:\n  dsmip lab clean")
    .action(async (runs) => {
      const { removeOldRuns } = await import("../lab/clean.ts");
      await removeOldRuns(runs, (line) => remark(`${line}\n`));
    });
  const lab = new Command("lab")
    .description("See it work on this machine alone, without touching its network")
    .addHelpText("after", "\nExample:\n  dsmip lab run nat")
    .addCommand(list)
    .addCommand(run)
    .addCommand(clean);
  for (const tool of trafficCommands()) lab.addCommand(tool, { hidden: true });
  return lab;
}

/** What the lab itself runs inside its namespaces: traffic that is counted. */
function trafficCommands() {
  const flowSend = new Command("flow-send")
    .description("Send a paced UDP flow")
    .requiredOption("--to <address>", "IPv6 address")
    .requiredOption("--port <port>", "UDP port", wholeNumber)
    .requiredOption("--octets <n>", "length of each IPv6 packet", wholeNumber)
    .requiredOption("--count <n>", "packets", wholeNumber)
    .requiredOption("--interval-ms <ms>", "between packets", wholeNumber)
    .action(async ({ to, port, octets, count, intervalMs }) => {
      const { sendFlow } = await import("../lab/flow.ts");
      await sendFlow({ address: to, port, packetOctets: octets, count, intervalMs });
    });
  const flowReceive = new Command("flow-receive")
    .description("Count what arrives of a UDP flow")
    .requiredOption("--port <port>", "UDP port", wholeNumber)
    .requiredOption("--octets <n>", "length of each IPv6 packet", wholeNumber)
    .requiredOption("--count <n>", "packets", wholeNumber)
    .option("--patience-ms <ms>", "how long to wait for a next packet", wholeNumber, 5000)
    .action(async ({ port, octets, count, patienceMs }) => {
      const { receiveFlow } = await import("../lab/flow.ts");
      printJson(await receiveFlow({ port, packetOctets: octets, count, patienceMs, onReady }));
    });
  const flowRecord = new Command("flow-record")
    .description(
      "Write a line for each packet of a UDP flow: its number, when it was sent and when it came (ms)",
    )
    .requiredOption("--port <port>", "UDP port", wholeNumber)
    .requiredOption("--octets <n>", "length of each IPv6 packet", wholeNumber)
    .action(async ({ port, octets }) => {
      const { recordFlow } = await import("../lab/flow.ts");
      await recordFlow({ port, packetOctets: octets }, (sequence, sentMs, arrivedMs) => {
        print(`${sequence} ${sentMs.toFixed(3)} ${arrivedMs.toFixed(3)}\n`);
      });
    });
  const mesh = new Command("mesh")
    .description(
      "Send and receive the flows of a plan between namespaces, and write a line for each that arrives",
    )
    .addArgument(new Argument("<plan>", "a JSON file, {flows: [{from, to}], intervalMs}"))
    .action(async (plan) => {
      const { runMesh } = await import("../lab/mesh/run_mesh.ts");
      await runMesh(JSON.parse(await Deno.readTextFile(plan)), print);
    });
  const panCorrespondent = new Command("pan-correspondent")
    .description("Echo sessions and serve downloads")
    .action(async () => {
      const { runCorrespondent } = await import("../lab/pan/programs.ts");
      await runCorrespondent(onReady);
    });
  const panNode = new Command("pan-node")
    .description("Keep a session and a download, and write a line for each piece that comes")
    .requiredOption("--to <address>", "the correspondent, IPv4 or IPv6")
    .requiredOption("--octets <n>", "of the download", wholeNumber)
    .requiredOption("--rate <n>", "octets of the download a second", wholeNumber)
    .action(async ({ to, octets, rate }) => {
      const { runPanNode } = await import("../lab/pan/programs.ts");
      await runPanNode({ address: to, octets, octetsPerSecond: rate }, print);
    });
  const delayLink = new Command("delay-link")
    .description("Make a cable of two TAP devices that delays every frame")
    .requiredOption("--ms <ms>", "one way", wholeNumber)
    .addArgument(new Argument("<end...>", "two ends, each NAMESPACE:INTERFACE"))
    .action(async (ends, { ms }) => {
      const { runDelayedLink } = await import("../lab/access/delayed_link.ts");
      const [one, other] = ends.map((end) => end.split(":")).map(([namespace, name]) => ({
        namespace,
        name,
      }));
      runDelayedLink([one, other], ms, onReady);
    });
  const transferSend = new Command("transfer-send")
    .description("Send random octets over TCP")
    .requiredOption("--to <address>", "IPv6 address")
    .requiredOption("--port <port>", "TCP port", wholeNumber)
    .requiredOption("--octets <n>", "how many", wholeNumber)
    .action(async ({ to, port, octets }) => {
      const { sendTransfer } = await import("../lab/flow.ts");
      printJson(await sendTransfer(to, port, octets));
    });
  const transferReceive = new Command("transfer-receive")
    .description("Receive octets over TCP and say their SHA-256")
    .requiredOption("--port <port>", "TCP port", wholeNumber)
    .action(async ({ port }) => {
      const { receiveTransfer } = await import("../lab/flow.ts");
      printJson(await receiveTransfer(port, onReady));
    });
  return [
    flowSend,
    flowReceive,
    flowRecord,
    mesh,
    panCorrespondent,
    panNode,
    delayLink,
    transferSend,
    transferReceive,
  ];
}

function onReady(): void {
  printJson({ ready: true });
}

function printJson(value: unknown): void {
  print(JSON.stringify(value) + "\n");
}

function numberOfRuns(text: string): number {
  const runs = wholeNumber(text);
  if (runs >= 1 && runs <= MAXIMUM_RUNS) return runs;
  throw new InvalidArgumentError(`1 to ${MAXIMUM_RUNS} are possible.`);
}

function numberOfSeconds(text: string): number {
  const seconds = wholeNumber(text);
  if (seconds >= 1 && seconds <= MAXIMUM_SECONDS) return seconds;
  throw new InvalidArgumentError(`1 to ${MAXIMUM_SECONDS} are possible.`);
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** "20ms" as 20. */
function delay(text: string): number {
  const [, milliseconds] = /^(\d{1,4})ms$/.exec(text) ?? [];
  if (milliseconds !== undefined) return Number(milliseconds);
  throw new InvalidArgumentError("whole milliseconds are needed, as 20ms.");
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("a whole number is needed.");
}
