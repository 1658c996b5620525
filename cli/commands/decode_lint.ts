import { CaptureReader } from "../../core/capture/capture_reader.ts";
import type { InspectionHelpers } from "../../core/inspect/packet_cursor.ts";
import { LINT_RULES, Linter } from "../../core/lint/linter.ts";
import type { Finding, RuleText, Severity } from "../../core/lint/rule.ts";
import type { Colours } from "../output/colours.ts";
import { Failure, RulesBroken } from "../output/fault.ts";
import { OutputClosed, type SyncWriter, writeAll } from "../output/write.ts";

export interface LintOptions {
  /** What the messages call the capture. */
  readonly name: string;
  readonly json: boolean;
  readonly colours: Colours;
  readonly helpers?: InspectionHelpers;
}

/**
 * `dsmip decode --lint`: a line for each finding, and a summary. Throws RulesBroken where an error or a warning
 * was found, Failure where the capture is damaged, after all that was found before.
 */
export async function decodeLint(
  chunks: AsyncIterable<Uint8Array>,
  output: SyncWriter,
  { name, json, colours, helpers }: LintOptions,
): Promise<void> {
  const counts = new Map<RuleText, number>();
  let text = "";
  const linter = new Linter((finding) => {
    counts.set(finding.rule, (counts.get(finding.rule) ?? 0) + 1);
    text += json ? asJson(finding) : asLine(finding, colours);
  }, helpers);
  const reader = new CaptureReader();
  const flush = () => {
    write(output, text);
    text = "";
  };
  let packets = 0;
  const takeAll = () => {
    for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
      linter.add(packet);
      packets++;
      if (text.length > FLUSH_CHARACTERS) flush();
    }
  };
  for await (const chunk of chunks) {
    reader.push(chunk);
    takeAll();
    flush();
    if (reader.fault !== undefined) break;
  }
  reader.finish();
  if (!json && reader.fault?.kind !== "notACapture") text += summary(counts, packets, colours);
  flush();
  const { fault } = reader;
  if (fault?.kind === "notACapture") throw new Failure(`Cannot decode ${name}: ${fault.reason}`);
  if (fault !== undefined) {
    throw new Failure(`Cannot decode ${name} from byte ${fault.offset} on: ${fault.reason}`);
  }
  if ([...counts.keys()].some(({ severity }) => severity !== "note")) throw new RulesBroken();
}

/** `--lint-rules`: every rule, one a line. */
export function listLintRules(output: SyncWriter, colours: Colours): void {
  const lines = LINT_RULES.map((rule) =>
    `${heading(rule, colours)}  ${rule.section.padEnd(16)}  ${rule.says}\n`
  );
  write(output, lines.join(""));
}

const FLUSH_CHARACTERS = 65_536;
const ID_COLUMNS = Math.max(...LINT_RULES.map(({ id }) => id.length));

function heading({ severity, id }: RuleText, colours: Colours): string {
  return `${paint(severity, colours)}  ${id.padEnd(ID_COLUMNS)}`;
}

function paint(severity: Severity, { red, yellow, dim }: Colours): string {
  const padded = severity.padEnd(7);
  return severity === "error" ? red(padded) : severity === "warning" ? yellow(padded) : dim(padded);
}

function asLine({ packetNumber, seconds, rule, found }: Finding, colours: Colours): string {
  const time = (seconds?.toFixed(6) ?? "-").padStart(11);
  return `${`${packetNumber}`.padStart(5)} ${time}  ${heading(rule, colours)}  ${
    rule.section.padEnd(16)
  }  ${found}\n`;
}

function asJson({ packetNumber, seconds, rule, found }: Finding): string {
  const { id, severity, section, says } = rule;
  const finding = {
    packet: packetNumber,
    seconds: seconds ?? null,
    severity,
    rule: id,
    section,
    found,
    says,
  };
  return JSON.stringify(finding) + "\n";
}

function summary(counts: ReadonlyMap<RuleText, number>, packets: number, colours: Colours): string {
  if (counts.size === 0) return `${packets} packets, nothing found\n`;
  const lines = LINT_RULES.filter((rule) => counts.has(rule)).map((rule) =>
    `${`${counts.get(rule)}`.padStart(7)}  ${heading(rule, colours)}  ${rule.says}\n`
  );
  return `\n${packets} packets\n${lines.join("")}`;
}

function write(output: SyncWriter, text: string): void {
  try {
    writeAll(output, new TextEncoder().encode(text), Infinity);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
    throw error;
  }
}
