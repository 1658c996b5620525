import type { PacketCursor } from "./packet_cursor.ts";

/** Our own limits: what a capture full of first fragments may cost. */
export interface ReassemblyLimits {
  readonly datagrams: number;
  /** Of all datagrams together, with what keeping a fragment costs. */
  readonly octets: number;
  /** By the capture's clock (RFC 8200 4.5). */
  readonly seconds: number;
}

const DEFAULT_LIMITS: ReassemblyLimits = { datagrams: 1024, octets: 16_777_216, seconds: 60 };
/** What a small fragment costs in memory besides its octets. */
const FRAGMENT_OVERHEAD_OCTETS = 160;
/** The largest payload that a length field of 16 bits can say. */
const MAXIMUM_DATAGRAM_OCTETS = 65_535;

export interface Fragment {
  /** In octets. */
  readonly offset: number;
  readonly more: boolean;
  readonly identification: number;
}

/** The whole content of a datagram, and how many fragments brought it. */
export interface Reassembled {
  readonly content: Uint8Array;
  readonly fragments: number;
  /** What the first fragment's header says that the content begins with. */
  readonly protocol: number;
}

interface Piece {
  readonly start: number;
  readonly bytes: Uint8Array;
}

interface Datagram {
  readonly pieces: Piece[];
  octets: number;
  cost: number;
  /** Undefined until the last fragment is there. */
  total: number | undefined;
  protocol: number;
  readonly beganSeconds: number;
  /** Why no more is taken of it: also later fragments are refused (RFC 5722 section 4). */
  refused: boolean;
}

/** What became of a fragment: kept, the last one missing, or wrong. */
type Outcome = Reassembled | string | undefined;

/**
 * Puts the fragments of IPv4 (RFC 791) and IPv6 (RFC 8200 4.5) together, in any order. Overlapping fragments make
 * the whole datagram refused (RFC 5722); an exact repetition is passed over. One for a whole capture.
 */
export class Reassembler {
  readonly #limits: ReassemblyLimits;
  /** The oldest first. */
  readonly #datagrams = new Map<string, Datagram>();
  #octets = 0;
  #packetNumber = -1;
  #seconds = 0;
  /** What came of the fragments of this packet, one after the other, should it be looked at again. */
  #outcomes: Outcome[] = [];
  #outcome = 0;

  constructor(limits: ReassemblyLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  /** Another packet, or the same one once more: then its fragments get the same answers. */
  startPacket(number: number, seconds: number | undefined): void {
    this.#outcome = 0;
    if (number === this.#packetNumber) return;
    this.#packetNumber = number;
    if (seconds !== undefined) this.#seconds = seconds;
    if (this.#outcomes.length > 0) this.#outcomes = [];
  }

  /** Octets that are kept now, with what keeping them costs. */
  get octets(): number {
    return this.#octets;
  }

  get datagrams(): number {
    return this.#datagrams.size;
  }

  /** The fragment at the cursor, up to its limit; complains to the cursor where it is wrong. */
  add(cursor: PacketCursor, protocol: number, fragment: Fragment): Reassembled | undefined {
    const known = this.#outcome < this.#outcomes.length;
    const outcome = known ? this.#outcomes[this.#outcome] : this.#take(cursor, protocol, fragment);
    if (!known) this.#outcomes.push(outcome);
    this.#outcome++;
    if (typeof outcome !== "string") return outcome;
    cursor.complain(outcome);
  }

  #take(cursor: PacketCursor, protocol: number, { offset, more, identification }: Fragment): Outcome {
    this.#forgetOld();
    const bytes = cursor.bytes.slice(cursor.offset, cursor.limit);
    const key = keyOf(cursor, protocol, identification);
    const datagram = this.#datagrams.get(key) ?? this.#begin(key);
    if (datagram.refused) return "belongs to a datagram with wrong fragments";
    const end = offset + bytes.length;
    const wrong = whatIsWrong(datagram, offset, end, more);
    if (wrong === "repeated") return undefined;
    if (wrong !== undefined) {
      this.#refuse(datagram);
      return wrong;
    }
    insert(datagram.pieces, { start: offset, bytes });
    datagram.octets += bytes.length;
    if (offset === 0) datagram.protocol = protocol;
    if (!more) datagram.total = end;
    if (datagram.octets === datagram.total) {
      this.#forget(key, datagram);
      return join(datagram);
    }
    const cost = bytes.length + FRAGMENT_OVERHEAD_OCTETS;
    datagram.cost += cost;
    this.#octets += cost;
    this.#forgetTooMuch();
    return undefined;
  }

  #begin(key: string): Datagram {
    const datagram: Datagram = {
      pieces: [],
      octets: 0,
      cost: FRAGMENT_OVERHEAD_OCTETS,
      total: undefined,
      protocol: 0,
      beganSeconds: this.#seconds,
      refused: false,
    };
    this.#datagrams.set(key, datagram);
    this.#octets += datagram.cost;
    return datagram;
  }

  #refuse(datagram: Datagram): void {
    datagram.refused = true;
    datagram.pieces.length = 0;
    this.#octets -= datagram.cost - FRAGMENT_OVERHEAD_OCTETS;
    datagram.cost = FRAGMENT_OVERHEAD_OCTETS;
  }

  #forget(key: string, datagram: Datagram): void {
    this.#datagrams.delete(key);
    this.#octets -= datagram.cost;
  }

  #forgetOld(): void {
    for (const [key, datagram] of this.#datagrams) {
      if (this.#seconds - datagram.beganSeconds < this.#limits.seconds) return;
      this.#forget(key, datagram);
    }
  }

  #forgetTooMuch(): void {
    for (const [key, datagram] of this.#datagrams) {
      if (this.#datagrams.size <= this.#limits.datagrams && this.#octets <= this.#limits.octets) return;
      this.#forget(key, datagram);
    }
  }
}

/** IPv4 tells datagrams apart also by their protocol (RFC 791 3.2), IPv6 does not. */
function keyOf(cursor: PacketCursor, protocol: number, identification: number): string {
  const { bytes, ipVersion, sourceOffset, destinationOffset } = cursor;
  const octets = ipVersion === 6 ? 16 : 4;
  const addresses = bytes.subarray(sourceOffset, sourceOffset + octets).toHex() +
    bytes.subarray(destinationOffset, destinationOffset + octets).toHex();
  return `${addresses} ${identification}${ipVersion === 4 ? ` ${protocol}` : ""} ${cursor.tunnelCount}`;
}

function whatIsWrong(
  { pieces, total }: Datagram,
  start: number,
  end: number,
  more: boolean,
): string | undefined {
  if (more && (end - start) % 8 !== 0) return `a fragment of ${end - start} bytes, not a multiple of 8`;
  if (end > MAXIMUM_DATAGRAM_OCTETS) return `a fragment that ends at byte ${end}`;
  const index = place(pieces, start);
  const next: Piece | undefined = pieces[index];
  const previous: Piece | undefined = pieces[index - 1];
  if (next !== undefined && next.start === start && next.bytes.length === end - start) {
    return more === (total !== end) ? "repeated" : "overlapping fragments";
  }
  const overlaps = (next !== undefined && next.start < end) ||
    (previous !== undefined && previous.start + previous.bytes.length > start);
  const last = pieces.at(-1);
  const beyond = total !== undefined && (end > total || !more);
  const tooShort = !more && last !== undefined && last.start + last.bytes.length > end;
  return overlaps || beyond || tooShort || start === end ? "overlapping fragments" : undefined;
}

/** Where in the sorted pieces one that begins at `start` belongs. */
function place(pieces: readonly Piece[], start: number): number {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (pieces[middle].start < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(pieces: Piece[], piece: Piece): void {
  pieces.splice(place(pieces, piece.start), 0, piece);
}

function join({ pieces, octets, protocol }: Datagram): Reassembled {
  const content = new Uint8Array(octets);
  for (const { start, bytes } of pieces) content.set(bytes, start);
  return { content, fragments: pieces.length, protocol };
}
