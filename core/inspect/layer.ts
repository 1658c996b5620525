import type { PacketCursor } from "./packet_cursor.ts";
import type { TextWriter } from "./text_writer.ts";
import type { TreeNode } from "./tree.ts";

/**
 * One header format. The inspection goes from layer to layer: the cursor stands at the header's first octet, and the
 * layer says in the cursor which table and number name the next one (see registry.ts).
 *
 * The one-line path calls `carry` down to the first layer that answers false, and then that layer's `line`. The
 * tree path calls `tree` and then `carry` at each.
 */
export interface Layer {
  /** As a person calls it: "UDP". */
  readonly name: string;
  /**
   * For a header whose content matters more than itself. True: it is in order, the cursor stands behind it and
   * knows what follows. False: nothing follows, and the cursor has not moved.
   */
  carry?(cursor: PacketCursor): boolean;
  /** What matters, behind the addresses, without a newline. */
  line(cursor: PacketCursor, out: TextWriter): void;
  /** Adds the fields to `node`; reads nothing at or beyond `cursor.limit`. */
  tree(cursor: PacketCursor, node: TreeNode): void;
}
