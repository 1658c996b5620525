import { protocolName } from "./ipv4.ts";
import type { Layer } from "./layer.ts";
import { SMALLEST_ETHER_TYPE } from "./link_layer.ts";
import { etherTypeNames } from "./names.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import { addChild, hexNumber, octetPairs } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

/** Headers of which nothing, or next to nothing, can be read: the last resort of every table. */

const SPANNING_TREE_ACCESS_POINT = 0x42;

export const unknownLinkType: Layer = plain((cursor) => `link type ${cursor.nextNumber}`);

/** What an EtherType says that nobody here reads on; below 0x600 it is the length of an IEEE 802.3 frame. */
export const unknownEtherType: Layer = plain((cursor) => {
  const { bytes, offset, nextNumber } = cursor;
  if (nextNumber >= SMALLEST_ETHER_TYPE) {
    return etherTypeNames.get(nextNumber) ?? `EtherType ${hexNumber(nextNumber, 4)}`;
  }
  return cursor.available > 0 && bytes[offset] === SPANNING_TREE_ACCESS_POINT ? "STP" : "IEEE 802.3";
});

export const unknownIpProtocol: Layer = plain((cursor) => protocolName(cursor.nextNumber));

function plain(name: (cursor: PacketCursor) => string): Layer {
  return {
    name: "Data",
    line(cursor, out) {
      out.styled("strong", name(cursor));
      out.text(" len=");
      out.decimal(cursor.end - cursor.offset);
    },
    tree(cursor, node) {
      node.value = name(cursor);
      addData(cursor, node);
    },
  };
}

/** RFC 8200 4.7. */
export const noNextHeader: Layer = {
  name: "No Next Header",
  line(_cursor, out) {
    out.text("no next header");
  },
  tree: addData,
};

function addData(cursor: PacketCursor, node: TreeNode): void {
  const { bytes, offset, available } = cursor;
  if (available > 0) addChild(node, "Data", offset, available, octetPairs(bytes, offset, available));
}
