import { beginQuoted } from "./packet_line.ts";
import { MAXIMUM_LAYERS, NONE } from "./packet_cursor.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import { nextLayer } from "./registry.ts";
import type { TextWriter } from "./text_writer.ts";
import { addChild } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

/** The node that says what is wrong with the layer above it. */
const PROBLEM = "Problem";
const RANGE_COLUMNS = 9;
const INDENT = 2;

/** Adds one child to `parent` for each layer of the packet at the cursor, with all its fields. */
export function addPacket(cursor: PacketCursor, parent: TreeNode): void {
  for (let layers = 1;; layers++) {
    const layer = nextLayer(cursor);
    const start = cursor.offset;
    const node = addChild(parent, layer.name, start, 0);
    const before = cursor.problem;
    if (layers > MAXIMUM_LAYERS) cursor.complain(`more than ${MAXIMUM_LAYERS} headers`);
    else layer.tree(cursor, node);
    const bytesBefore = cursor.bytes;
    const carries = layers <= MAXIMUM_LAYERS && layer.carry?.(cursor) === true;
    node.length = Math.max((carries ? cursor.offset : cursor.limit) - start, 0);
    if (cursor.bytes !== bytesBefore) {
      const octets = cursor.limit - cursor.offset;
      addChild(node, "Content", cursor.offset, octets, `${octets} bytes, ${cursor.contentHow}`);
    }
    if (!carries) addQuoted(cursor, node);
    if (cursor.problem !== undefined && before === undefined) {
      addChild(node, PROBLEM, start, node.length, cursor.problem);
    }
    // A layer without octets of its own (raw IP, no data) says nothing that its neighbors do not.
    if (node.length === 0 && cursor.problem === before) parent.children.pop();
    if (!carries) return;
  }
}

function addQuoted(cursor: PacketCursor, node: TreeNode): void {
  if (cursor.quoteOffset === NONE || cursor.quoteOffset >= cursor.limit) return;
  const quoted = cursor.quote();
  if (quoted === undefined) return;
  const { quoteOffset, limit } = cursor;
  beginQuoted(cursor, quoted);
  addPacket(quoted, addChild(node, "Quoted packet", quoteOffset, limit - quoteOffset));
}

/** The children of `root`, one line each: which octets, and what they say. */
export function writeTree(root: TreeNode, out: TextWriter): void {
  for (const child of root.children) writeNode(child, out, 0);
}

function writeNode(node: TreeNode, out: TextWriter, depth: number): void {
  const last = node.offset + node.length - 1;
  const range = node.length > 1 ? `${node.offset}-${last}` : String(node.offset);
  out.style("faint");
  out.spaces(RANGE_COLUMNS - range.length);
  out.text(range);
  out.plain();
  out.spaces(INDENT * (depth + 1));
  if (depth === 0) out.style("strong");
  if (node.name === PROBLEM) out.style("bad");
  out.text(node.name);
  if (depth === 0) out.plain();
  if (node.value !== "") {
    out.text(depth === 0 ? "  " : ": ");
    out.text(node.value);
  }
  if (node.name === PROBLEM) out.plain();
  out.newline();
  for (const child of node.children) writeNode(child, out, depth + 1);
}
