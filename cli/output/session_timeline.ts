import type { Exchange, MobileNodeReport } from "../../core/sessions/session_record.ts";
import { ENCAPSULATION_NAMES, formatMs, formatSeconds, plural } from "./session_format.ts";

/** Rows beyond this are for a program to read. */
const MAXIMUM_ROWS = 60;

interface Row {
  readonly seconds: number;
  readonly cells: readonly [time: string, event: string, what: string];
}

/** What happened to a mobile node, one row after the other: refreshes in which nothing happens share a row. */
export function timelineRows(report: MobileNodeReport): (readonly string[])[] {
  const between = [...mappingRows(report), ...noticeRows(report)];
  const breaks = between.map(({ seconds }) => seconds).sort((one, other) => one - other);
  const rows = [...exchangeRows(report.exchanges, breaks), ...between]
    .sort((one, other) => one.seconds - other.seconds);
  const shown = rows.slice(0, MAXIMUM_ROWS).map(({ cells }) => cells);
  const hidden = rows.length - shown.length;
  return hidden === 0 ? shown : [...shown, ["", "...", `${plural(hidden, "more row")}: see -T json`]];
}

/** `breaks`: when something else happened, so that no row may reach across; in order. */
function exchangeRows(exchanges: readonly Exchange[], breaks: readonly number[]): Row[] {
  const rows: Row[] = [];
  let registeredAt: string | undefined;
  for (let index = 0; index < exchanges.length;) {
    const run = registeredAt === undefined ? 0 : countRefreshes(exchanges, index, registeredAt, breaks);
    if (run > 1) {
      rows.push(refreshRow(exchanges.slice(index, index + run)));
      index += run;
      continue;
    }
    const exchange = exchanges[index++];
    rows.push(exchangeRow(exchange, registeredAt));
    if (exchange.answer?.accepted !== true) continue;
    registeredAt = exchange.lifetimeSeconds === 0 ? undefined : exchange.careOfAddress;
  }
  return rows;
}

function countRefreshes(
  exchanges: readonly Exchange[],
  start: number,
  careOfAddress: string,
  breaks: readonly number[],
): number {
  const end = breaks.find((seconds) => seconds > exchanges[start].seconds) ?? Infinity;
  let index = start;
  while (
    index < exchanges.length && exchanges[index].seconds < end && isRefresh(exchanges[index], careOfAddress)
  ) index++;
  return index - start;
}

function isRefresh(
  { answer, careOfAddress, lifetimeSeconds, retransmission }: Exchange,
  at: string,
): boolean {
  return answer?.accepted === true && careOfAddress === at && lifetimeSeconds > 0 && !retransmission;
}

function refreshRow(run: readonly Exchange[]): Row {
  const [first, last] = [run[0], run[run.length - 1]];
  const slowest = Math.max(...run.map(({ answer }) => answer?.roundTripMs ?? 0));
  const every = (last.seconds - first.seconds) / (run.length - 1);
  return row(
    first.seconds,
    `${run.length} refreshes`,
    `until ${formatSeconds(last.seconds)}, every ${every.toFixed(1)} s, seq ${first.sequenceNumber}` +
      `..${last.sequenceNumber}, answered within ${formatMs(slowest)}`,
  );
}

function exchangeRow(exchange: Exchange, registeredAt: string | undefined): Row {
  const { seconds, answer, careOfAddress, sequenceNumber, lifetimeSeconds } = exchange;
  const asked = `seq ${sequenceNumber}${lifetimeSeconds === 0 ? "" : `, from ${careOfAddress}`}`;
  const again = exchange.retransmission ? ", sent again" : "";
  if (answer === null) return row(seconds, "no answer", `${asked}${again}`);
  const after = ` after ${formatMs(answer.roundTripMs)}`;
  if (!answer.accepted) {
    return row(seconds, "refused", `${asked}${again}: ${answer.statusName} (${answer.status})${after}`);
  }
  const granted = lifetimeSeconds === 0 ? "" : `, for ${answer.lifetimeSeconds} s`;
  return row(seconds, acceptedName(exchange, registeredAt), `${asked}${again}${granted}, accepted${after}`);
}

function acceptedName(
  { lifetimeSeconds, careOfAddress }: Exchange,
  registeredAt: string | undefined,
): string {
  if (lifetimeSeconds === 0) return "de-registered";
  if (registeredAt === undefined) return "registered";
  return registeredAt === careOfAddress ? "refreshed" : "moved";
}

function mappingRows({ nat, handovers }: MobileNodeReport): Row[] {
  const mappings = nat.mappings.map(({ fromSeconds, address, port, careOfAddress }, index) => {
    const event = index === 0 ? "NAT" : "NAT changed";
    return row(
      fromSeconds,
      event,
      `${careOfAddress} is seen as ${address}${port === null ? "" : `:${port}`}`,
    );
  });
  const moves = handovers.filter(({ from, to }) =>
    from.careOfAddress === to.careOfAddress && from.encapsulation !== to.encapsulation
  ).map(({ seconds, from, to }) => {
    const names = [from, to].map(({ encapsulation }) => ENCAPSULATION_NAMES[encapsulation]);
    return row(seconds, "tunnel changed", `${names[0]} to ${names[1]} at ${to.careOfAddress}`);
  });
  return [...mappings, ...moves];
}

function noticeRows({ notices }: MobileNodeReport): Row[] {
  return notices.map(({ kind, fromSeconds, toSeconds, count, status, statusName }) => {
    const event = kind === "bindingError" ? "Binding Error" : "refresh request";
    const words = status === null ? "the home agent asks for a refresh" : `${statusName} (${status})`;
    const times = count === 1 ? "" : `, ${count} times until ${formatSeconds(toSeconds)}`;
    return row(fromSeconds, event, `${words}${times}`);
  });
}

function row(seconds: number, event: string, what: string): Row {
  return { seconds, cells: [formatSeconds(seconds), event, what] };
}
