import { EtherType } from "./names.ts";
import { MAXIMUM_LAYERS, NONE } from "./packet_cursor.ts";
import type { PacketCursor, Tunnel } from "./packet_cursor.ts";
import { nextLayer } from "./registry.ts";
import type { TextWriter } from "./text_writer.ts";

/** The protocol stands behind the widest addresses so far, but not further to the right than this. */
const MAXIMUM_ADDRESS_COLUMNS = 56;

/**
 * The packet at the cursor in one line, without its end: innermost addresses, protocol and what matters, then
 * remarks in brackets, then the tunnels that it came through, the innermost first.
 */
export function writePacket(cursor: PacketCursor, out: TextWriter): void {
  const start = out.column;
  for (let layers = 1;; layers++) {
    const layer = nextLayer(cursor);
    const tooMany = layers > MAXIMUM_LAYERS;
    if (!tooMany && layer.carry?.(cursor) === true) continue;
    writeAddresses(cursor, out);
    const columns = out.column - start;
    if (cursor.quoteDepth === 0) {
      cursor.addressColumns = widened(cursor.addressColumns, columns + 1);
      out.toColumn(start + cursor.addressColumns);
    } else if (columns > 0) out.text(" ");
    if (tooMany) cursor.complain(`more than ${MAXIMUM_LAYERS} headers`);
    else layer.line(cursor, out);
    break;
  }
  writeHomeAddresses(cursor, out);
  writeQuoted(cursor, out);
  writeWrapping(cursor, out);
  if (cursor.problem !== undefined) writeRemark(out, "bad", cursor.problem);
  if (cursor.vlan !== NONE) writeRemark(out, "faint", `VLAN ${cursor.vlan}`);
  if (cursor.quoteDepth === 0 && cursor.packetEnd > cursor.bytes.length) {
    writeRemark(out, "faint", `${cursor.bytes.length} of ${cursor.packetEnd} bytes captured`);
  }
  writeTunnels(cursor, out);
}

function widened(columns: number, needed: number): number {
  return needed > MAXIMUM_ADDRESS_COLUMNS ? columns : Math.max(columns, needed);
}

/** A remark in brackets behind what the packet says. */
function writeRemark(out: TextWriter, style: "bad" | "faint", remark: string): void {
  out.text(" ");
  out.styled(style, `[${remark}]`);
}

function writeAddresses(cursor: PacketCursor, out: TextWriter): void {
  const { bytes } = cursor;
  if (cursor.ipVersion !== 0) {
    writeAddress(out, bytes, cursor.sourceOffset, cursor.ipVersion);
    out.text(" > ");
    writeAddress(out, bytes, cursor.destinationOffset, cursor.ipVersion);
  } else if (cursor.linkSourceOffset !== NONE) {
    out.linkAddress(bytes, cursor.linkSourceOffset);
    if (cursor.linkDestinationOffset === NONE) return;
    out.text(" > ");
    out.linkAddress(bytes, cursor.linkDestinationOffset);
  }
}

function writeAddress(out: TextWriter, bytes: Uint8Array, offset: number, version: 4 | 6): void {
  if (version === 6) out.ipv6(bytes, offset);
  else out.ipv4(bytes, offset);
}

function writeHomeAddresses(cursor: PacketCursor, out: TextWriter): void {
  if (cursor.homeAddressOffset !== NONE) {
    out.text(" HoA=");
    out.ipv6(cursor.bytes, cursor.homeAddressOffset);
  }
  if (cursor.routingHomeAddressOffset !== NONE) {
    out.text(" RH2=");
    out.ipv6(cursor.bytes, cursor.routingHomeAddressOffset);
  }
}

function writeQuoted(cursor: PacketCursor, out: TextWriter): void {
  if (cursor.quoteOffset === NONE || cursor.quoteOffset >= cursor.limit) return;
  const quoted = cursor.quote();
  if (quoted === undefined) return;
  beginQuoted(cursor, quoted);
  out.text(" (");
  writePacket(quoted, out);
  out.text(")");
}

/** Sets a cursor on the packet that an ICMP error quotes: of the same IP version as the error. */
export function beginQuoted(cursor: PacketCursor, quoted: PacketCursor): void {
  const etherType = cursor.ipVersion === 4 ? EtherType.ipv4 : EtherType.ipv6;
  quoted.begin(cursor.bytes, cursor.quoteOffset, cursor.limit, cursor.end, "etherType", etherType);
}

function writeWrapping(cursor: PacketCursor, out: TextWriter): void {
  if (cursor.espSpi !== NONE) {
    out.text(" [ESP spi=0x");
    out.hex(cursor.espSpi, 8);
    out.text(` seq=${cursor.espSequenceNumber}]`);
  }
  if (cursor.reassembledFrom > 0) out.text(` [reassembled from ${cursor.reassembledFrom}]`);
  if (cursor.fragmentOffset === NONE) return;
  out.text(" [fragment 0x");
  out.hex(cursor.fragmentIdentification, cursor.fragmentIdentification > 0xffff ? 8 : 4);
  out.text(", bytes ");
  out.decimal(cursor.fragmentOffset);
  out.text("-");
  out.decimal(Math.max(cursor.fragmentOffset + cursor.fragmentOctets - 1, cursor.fragmentOffset));
  out.text(cursor.moreFragments ? "]" : ", last]");
}

function writeTunnels({ bytes, tunnels, tunnelCount }: PacketCursor, out: TextWriter): void {
  if (tunnelCount === 0) return;
  out.style("faint");
  for (let index = tunnelCount - 1; index >= 0; index--) {
    const tunnel = tunnels[index];
    out.text(" via ");
    out.text(tunnel.kind);
    out.text(" ");
    writeTunnelEnd(out, bytes, tunnel, tunnel.sourceOffset, tunnel.sourcePort);
    out.text(" > ");
    writeTunnelEnd(out, bytes, tunnel, tunnel.destinationOffset, tunnel.destinationPort);
  }
  out.plain();
}

function writeTunnelEnd(
  out: TextWriter,
  bytes: Uint8Array,
  { ipVersion }: Tunnel,
  offset: number,
  port: number,
): void {
  const bracketed = port !== NONE && ipVersion === 6;
  if (bracketed) out.text("[");
  writeAddress(out, bytes, offset, ipVersion);
  if (port === NONE) return;
  out.text(bracketed ? "]:" : ":");
  out.decimal(port);
}
