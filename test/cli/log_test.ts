import { assert, assertEquals } from "@std/assert";
import { type LogOptions, openLog } from "../../cli/daemon/log.ts";
import { LINES_PER_WINDOW, WINDOW_MS } from "../../cli/daemon/log_throttle.ts";

/** A standard error in memory. */
class Screen {
  text = "";
  isTerminal = () => false;

  writeSync(bytes: Uint8Array): number {
    this.text += new TextDecoder().decode(bytes);
    return bytes.length;
  }

  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }
}

function open(options: Partial<LogOptions>) {
  const screen = new Screen();
  const clock = { ms: 0 };
  const log = openLog({ level: "info", format: "text", writer: screen, clock: () => clock.ms, ...options });
  return { log, screen, clock };
}

Deno.test("log: text lines have UTC time, level, message and details, one line each", () => {
  const { log, screen } = open({});
  log.info("binding accepted", { homeAddress: "2001:db8::1", lifetimeSeconds: 420, natDetected: true });
  log.report({
    level: "warning",
    message: "odd {thing}",
    details: { name: "a b", quoted: 'say "x"', empty: "" },
  });
  log.error("two\nlines", { text: "x\r\n2001 error \x1b[2J\u2028" });
  log.debug("unseen");
  log.close();
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;
  assert(screen.lines.every((line) => time.test(line)), screen.text);
  assertEquals(screen.lines.map((line) => line.replace(time, "")), [
    "info    binding accepted                     homeAddress=2001:db8::1 lifetimeSeconds=420 natDetected=true",
    'warning odd {thing}                          name="a b" quoted="say \\"x\\"" empty=""',
    'error   two\\u000alines                       text="x\\r\\n2001 error \\u001b[2J\\u2028"',
  ]);
});

Deno.test("log: JSON lines, and the level that was asked for", () => {
  const { log, screen } = open({ format: "json", level: "debug" });
  log.debug("sent", { port: 4191, ok: false });
  log.close();
  const { time, ...rest } = JSON.parse(screen.lines[0]);
  assert(Math.abs(Date.parse(time) - Date.now()) < 10_000, time);
  assertEquals(rest, { level: "debug", message: "sent", details: { port: 4191, ok: false } });

  const quiet = open({ level: "error" });
  quiet.log.warning("unseen");
  quiet.log.error("seen");
  quiet.log.close();
  assertEquals(quiet.screen.lines.length, 1);
});

Deno.test("log: a flood of one message is cut, counted, and told with the next one or at the end", () => {
  const { log, screen, clock } = open({ format: "json" });
  for (let index = 0; index < LINES_PER_WINDOW + 7; index++) log.warning("flood", { index });
  log.warning("another");
  assertEquals(screen.lines.length, LINES_PER_WINDOW + 1);
  clock.ms += WINDOW_MS;
  log.warning("flood", { index: -1 });
  const [summary, next] = screen.lines.slice(-2).map((line) => JSON.parse(line));
  assertEquals([summary.level, summary.message], ["warning", "lines suppressed"]);
  assertEquals(summary.details, { count: 7, message: "flood" });
  assertEquals(next.details, { index: -1 });

  for (let index = 0; index < LINES_PER_WINDOW + 2; index++) log.warning("flood", { index });
  log.close();
  assertEquals(JSON.parse(screen.lines.at(-1)!).details, { count: 3, message: "flood" });
});

Deno.test("log: of very many kinds of lines the oldest is forgotten, and what it suppressed is told", () => {
  const { log, screen } = open({ format: "json", level: "error" });
  for (let index = 0; index < LINES_PER_WINDOW + 3; index++) log.error("first");
  for (let index = 0; index < 1000; index++) log.error(`message ${index}`);
  const summaries = screen.lines.map((line) => JSON.parse(line)).filter(({ level }) => level === "warning");
  assertEquals(summaries.map(({ details }) => details), [{ count: 3, message: "first" }]);
  log.close();
  assertEquals(screen.lines.length, LINES_PER_WINDOW + 1 + 1000);
});

Deno.test("log: a standard error that cannot be written costs only the line", () => {
  let calls = 0;
  const broken = (error: Error) => ({
    isTerminal: () => false,
    writeSync: () => {
      calls++;
      throw error;
    },
  });
  for (const error of [new Deno.errors.BrokenPipe(), new Deno.errors.WouldBlock()]) {
    const { log } = open({ writer: broken(error) });
    log.error("lost");
    log.close();
  }
  assert(calls >= 2);
});
