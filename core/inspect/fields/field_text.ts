import type { CaptureTime } from "../../capture/captured_packet.ts";
import type { TextWriter } from "../text_writer.ts";
import { formatUtcTime } from "../utc_time.ts";
import type { FieldSlot } from "./field_slot.ts";

/** Seconds from 1900, where NTP counts from, to 1970; era 0 until 2036 (RFC 5905 section 6). */
const NTP_EPOCH_SECONDS = 2_208_988_800;

/** Writes one of a slot's values as `tshark -T fields` does. */
export function writeFieldValue(out: TextWriter, slot: FieldSlot, index: number): void {
  const { spec } = slot;
  const bytes = slot.bytes[index];
  const first = slot.first[index];
  const second = slot.second[index];
  switch (spec.kind) {
    case "number":
    case "flag":
      return out.decimal(first);
    case "signed":
      return out.text(String(first));
    case "hex":
      out.text("0x");
      return out.hex(first, 2 * spec.octets);
    case "longHex":
      out.text("0x");
      return out.octets(bytes, first, first + second);
    case "ipv4":
      return out.ipv4(bytes, first);
    case "ipv6":
      return out.ipv6(bytes, first);
    case "linkAddress":
    case "colonOctets":
      return out.linkAddress(bytes, first, second);
    case "octets":
      return out.octets(bytes, first, first + second);
    case "text":
      return out.untrusted(bytes, first, first + second);
    case "time":
      return writeTime(out, first, second);
    case "ntpTime":
      return out.text(ntpText(bytes, first));
    case "timestamp":
      return out.text(timestampText(bytes, first));
    case "present":
      return out.text("1");
    case "protocol":
      return out.text(spec.name);
  }
}

function writeTime(out: TextWriter, seconds: number, nanoseconds: number): void {
  if (seconds < 0 || nanoseconds < 0) out.text("-");
  out.decimal(Math.abs(seconds));
  out.text(".");
  out.decimal(Math.abs(nanoseconds), 9);
}

function ntpText(bytes: Uint8Array, at: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
  const nanoseconds = Math.floor(view.getUint32(4) * 1e9 / 2 ** 32);
  return dateAndTime({ seconds: view.getUint32(0) - NTP_EPOCH_SECONDS, nanoseconds });
}

/** RFC 5213 8.8: 48 bits of seconds since 1970, 16 of a fraction. */
function timestampText(bytes: Uint8Array, at: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
  const seconds = view.getUint16(0) * 2 ** 32 + view.getUint32(2);
  return dateAndTime({ seconds, nanoseconds: Math.floor(view.getUint16(6) * 1e9 / 65_536) });
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "Jan  5, 2026 12:00:00.123456789 UTC" */
function dateAndTime(time: CaptureTime): string {
  const [date, clock, zone] = formatUtcTime(time, 9).split(" ");
  const [year, month, day] = date.split("-").map(Number);
  return `${MONTHS[month - 1]} ${String(day).padStart(2)}, ${year} ${clock} ${zone}`;
}
