import {
  ENTRY_ENCAPSULATION,
  ENTRY_INNER_MTU,
  ENTRY_KEY,
  ENTRY_LINK,
  ENTRY_OCTETS,
  ENTRY_OUTER_ADDRESS,
  ENTRY_PORT,
  ENTRY_PREFIX_LENGTH,
  ENTRY_RETIRED_EPOCH,
  ENTRY_WHOLE_OCTETS,
  LENGTHS_FULL,
  READER_STUCK,
  SPARE_ENTRIES,
  STORED,
  TABLE_AREA,
  TABLE_ENTRIES,
  TABLE_EPOCH,
  TABLE_FULL,
  TABLE_IPV4_PREFIX_LENGTHS,
  TABLE_IPV6_PREFIX_LENGTHS,
  TABLE_MASK,
  TABLE_SEED,
  TABLE_SLOTS,
  WRITER_FREE,
  WRITER_KEY,
  WRITER_LIVE,
  WRITER_MAXIMUM,
  WRITER_OUTER_ADDRESS,
  WRITER_RETIRED_FIRST,
  WRITER_RETIRED_LAST,
  WRITER_SPARE_EPOCH,
  WRITER_SPARE_SLOTS,
  WRITER_TOMBSTONES,
  WRITER_UNUSED,
} from "../memory_map";
import { ADDRESS_LENGTH, countLength, isRoomForLength } from "./prefix_lengths";

/**
 * The binding table: an array of slots (open addressing, linear probing), each a u32 that names an entry of 64
 * octets. One writer, which is control; readers never wait.
 *
 * - An entry does not change while a reader may see it: a binding that changes gets a new entry, and one atomic
 *   store puts it in the place of the old one.
 * - The old entry is retired, and used again only after every reader that could hold it has left: a reader
 *   makes TABLE_EPOCH odd when it comes in and even when it goes.
 * - A removed binding leaves a tombstone, so that probing goes on past it. Tombstones at the end of a run go at
 *   once; when the others have become many, the live slots move to the spare array and readers are sent there.
 *
 * An entry is for an address, or for a prefix: then fewer than 128 bits of its key count, and the others are 0. An IPv4
 * prefix has an IPv4-mapped key. Each length that prefixes of a version have costs an address of that version without an
 * entry of its own one more look; without prefixes, there is none.
 *
 * A slot: 0 is empty; the low 24 bits are an entry's number + 1, the high 8 bits a tag from the hash, never 0
 * except in a tombstone.
 */
const EMPTY: u32 = 0;
const TOMBSTONE: u32 = 0x00ffffff;
const NUMBER_MASK: u32 = 0x00ffffff;
const TAG_MASK: u32 = 0xff000000;
const TAG_NEVER_ZERO: u32 = 0x01000000;
/** Our own guess: so many bindings stay in the processor's caches. */
const CACHED_BINDINGS: u32 = 16384;
/** How often the writer looks whether a reader has left. A reader is in for microseconds. */
const MAXIMUM_LOOKS: i32 = 1 << 28;

// ── Reader ──

export function enterTable(): void {
  atomic.add<u32>(TABLE_EPOCH, 1);
}

export function leaveTable(): void {
  atomic.add<u32>(TABLE_EPOCH, 1);
}

/** The entry of a 16-octet address, or 0. Good until leaveTable(). */
export function lookup(key: usize): usize {
  return lookupBits(load<u64>(key), load<u64>(key, 8), ADDRESS_LENGTH);
}

/**
 * Are there so many bindings that a lookup waits for memory? Then it pays to touch() the keys of a batch first: the
 * processor waits for all of them at once.
 */
@inline
export function isLarge(): bool {
  return load<u32>(WRITER_LIVE) > CACHED_BINDINGS;
}

/** Brings the slot of a key into the caches; the result is only there to be used. */
@inline
export function touch(key: usize): u32 {
  const hash = hashBits(load<u64>(key), load<u64>(key, 8), ADDRESS_LENGTH);
  return load<u32>(load<u32>(TABLE_SLOTS) + ((hash & load<u32>(TABLE_MASK)) << 2));
}

/** The same; where the address has no entry, that of the longest prefix of its version with the address in it. */
@inline
export function lookupLongest(key: usize, isVersion6: bool): usize {
  const entry = lookup(key);
  if (entry != 0) return entry;
  const lengths = atomic.load<u64>(isVersion6 ? TABLE_IPV6_PREFIX_LENGTHS : TABLE_IPV4_PREFIX_LENGTHS);
  return lengths == 0 ? 0 : lookupPrefix(key, lengths);
}

function lookupPrefix(key: usize, lengths: u64): usize {
  const high = bswap<u64>(load<u64>(key));
  const low = bswap<u64>(load<u64>(key, 8));
  for (; lengths != 0; lengths >>>= 8) {
    const length = <u32>lengths & 0xff;
    const isLong = length > 64;
    const entry = lookupBits(
      bswap<u64>(isLong ? high : high & (<u64>-1 << (64 - length))),
      isLong ? bswap<u64>(low & (<u64>-1 << (ADDRESS_LENGTH - length))) : 0,
      length,
    );
    if (entry != 0) return entry;
  }
  return 0;
}

@inline
function lookupBits(high: u64, low: u64, length: u32): usize {
  const hash = hashBits(high, low, length);
  const slots = atomic.load<u32>(TABLE_SLOTS);
  const mask = load<u32>(TABLE_MASK);
  const tag = (hash & TAG_MASK) | TAG_NEVER_ZERO;
  let index = hash & mask;
  while (true) {
    const slot = atomic.load<u32>(slots + (index << 2));
    if (slot == EMPTY) return 0;
    if ((slot & TAG_MASK) == tag) {
      const entry = entryOf(slot);
      if (isFor(entry, high, low, length)) return entry;
    }
    index = (index + 1) & mask;
  }
}

@inline
function isFor(entry: usize, high: u64, low: u64, length: u32): bool {
  return load<u64>(entry, ENTRY_KEY) == high && load<u64>(entry, ENTRY_KEY + 8) == low &&
    load<u8>(entry, ENTRY_PREFIX_LENGTH) == length;
}

@inline
function entryOf(slot: u32): usize {
  return load<u32>(TABLE_ENTRIES) + ((slot & NUMBER_MASK) - 1) * ENTRY_OCTETS;
}

/** Mixes every bit of key, length and seed into every bit (the finalizer of MurmurHash3). */
@inline
function hashBits(keyHigh: u64, keyLow: u64, length: u32): u32 {
  const high = keyHigh ^ load<u64>(TABLE_SEED) ^ (ADDRESS_LENGTH - length);
  let mixed = keyLow ^ rotl<u64>(high * 0x9e3779b97f4a7c15, 32);
  mixed = (mixed ^ (mixed >>> 33)) * 0xff51afd7ed558ccd;
  mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53;
  return <u32>(mixed ^ (mixed >>> 33));
}

@inline
function hashEntry(entry: usize): u32 {
  return hashBits(load<u64>(entry, ENTRY_KEY), load<u64>(entry, ENTRY_KEY + 8), load<u8>(entry, ENTRY_PREFIX_LENGTH));
}

// ── Writer ──

/**
 * Lays the table out in memory that is still zero: two arrays of `slotCount` slots, a power of two and twice the
 * maximum or more, then the entries. The seed makes the hash unpredictable.
 */
export function openTable(maximumBindings: u32, slotCount: u32, seedHigh: u32, seedLow: u32): void {
  store<u32>(TABLE_SLOTS, TABLE_AREA);
  store<u32>(WRITER_SPARE_SLOTS, TABLE_AREA + 4 * slotCount);
  store<u32>(TABLE_ENTRIES, TABLE_AREA + 8 * slotCount);
  store<u32>(TABLE_MASK, slotCount - 1);
  store<u64>(TABLE_SEED, <u64>seedHigh << 32 | seedLow);
  store<u32>(WRITER_MAXIMUM, maximumBindings);
}

/**
 * Binds the first `length` bits of the key at WRITER_KEY to WRITER_OUTER_ADDRESS; other bits have to be 0. `port` is in
 * network order.
 * @returns STORED, TABLE_FULL, LENGTHS_FULL or READER_STUCK
 */
export function setBinding(length: u32, port: u32, encapsulation: u32, innerMtu: u32, wholeOctets: u32): i32 {
  const hash = hashWriterKey(length);
  let place = find(hash, length);
  if (place == 0 && load<u32>(WRITER_LIVE) == load<u32>(WRITER_MAXIMUM)) return TABLE_FULL;
  if (place == 0 && !isRoomForLength(length)) return LENGTHS_FULL;
  const number = takeEntry();
  if (number == 0) return READER_STUCK;
  const entry = entryOf(number);
  store<u64>(entry, load<u64>(WRITER_KEY), ENTRY_KEY);
  store<u64>(entry, load<u64>(WRITER_KEY, 8), ENTRY_KEY + 8);
  store<u64>(entry, load<u64>(WRITER_OUTER_ADDRESS), ENTRY_OUTER_ADDRESS);
  store<u64>(entry, load<u64>(WRITER_OUTER_ADDRESS, 8), ENTRY_OUTER_ADDRESS + 8);
  store<u16>(entry, <u16>port, ENTRY_PORT);
  store<u8>(entry, <u8>encapsulation, ENTRY_ENCAPSULATION);
  store<u8>(entry, <u8>length, ENTRY_PREFIX_LENGTH);
  store<u32>(entry, innerMtu, ENTRY_INNER_MTU);
  store<u32>(entry, wholeOctets, ENTRY_WHOLE_OCTETS);
  const slot = number | (hash & TAG_MASK) | TAG_NEVER_ZERO;
  if (place != 0) {
    const old = load<u32>(place) & NUMBER_MASK;
    atomic.store<u32>(place, slot);
    retire(old);
    return STORED;
  }
  place = findPlace(hash);
  if (load<u32>(place) == TOMBSTONE) change(WRITER_TOMBSTONES, -1);
  else if (isCrowded()) {
    if (!moveToSpare()) {
      giveBack(number);
      return READER_STUCK;
    }
    place = findPlace(hash);
  }
  atomic.store<u32>(place, slot);
  change(WRITER_LIVE, 1);
  countLength(length, 1);
  return STORED;
}

/** Unbinds the first `length` bits of the key at WRITER_KEY; says whether they were bound. */
export function removeBinding(length: u32): bool {
  const place = find(hashWriterKey(length), length);
  if (place == 0) return false;
  const old = load<u32>(place) & NUMBER_MASK;
  atomic.store<u32>(place, TOMBSTONE);
  change(WRITER_TOMBSTONES, 1);
  change(WRITER_LIVE, -1);
  countLength(length, -1);
  dropLastTombstones(place);
  retire(old);
  return true;
}

/** Nothing is probed for past the last slot of a run: tombstones there can go. */
function dropLastTombstones(place: u32): void {
  const slots = load<u32>(TABLE_SLOTS);
  const mask = load<u32>(TABLE_MASK);
  let index = (place - slots) >> 2;
  if (load<u32>(slots + (((index + 1) & mask) << 2)) != EMPTY) return;
  while (load<u32>(slots + (index << 2)) == TOMBSTONE) {
    atomic.store<u32>(slots + (index << 2), EMPTY);
    change(WRITER_TOMBSTONES, -1);
    index = (index - 1) & mask;
  }
}

@inline
function hashWriterKey(length: u32): u32 {
  return hashBits(load<u64>(WRITER_KEY), load<u64>(WRITER_KEY, 8), length);
}

/** Where the slot of the key at WRITER_KEY lies; 0 for nowhere. */
function find(hash: u32, length: u32): u32 {
  const high = load<u64>(WRITER_KEY);
  const low = load<u64>(WRITER_KEY, 8);
  const slots = load<u32>(TABLE_SLOTS);
  const mask = load<u32>(TABLE_MASK);
  const tag = (hash & TAG_MASK) | TAG_NEVER_ZERO;
  let index = hash & mask;
  while (true) {
    const place = slots + (index << 2);
    const slot = load<u32>(place);
    if (slot == EMPTY) return 0;
    if ((slot & TAG_MASK) == tag && isFor(entryOf(slot), high, low, length)) return place;
    index = (index + 1) & mask;
  }
}

/** The first place that a new slot with this hash can have. */
function findPlace(hash: u32): u32 {
  const slots = load<u32>(TABLE_SLOTS);
  const mask = load<u32>(TABLE_MASK);
  let index = hash & mask;
  while ((load<u32>(slots + (index << 2)) & TAG_MASK) != 0) index = (index + 1) & mask;
  return slots + (index << 2);
}

/** Three of four slots are used: one more would make probing long. */
function isCrowded(): bool {
  const used = load<u32>(WRITER_LIVE) + load<u32>(WRITER_TOMBSTONES);
  return used >= (load<u32>(TABLE_MASK) + 1) / 4 * 3;
}

/** Copies the live slots to the spare array and sends readers there. False where a reader is stuck in it. */
function moveToSpare(): bool {
  let looks = 0;
  while (!haveReadersLeft(load<u32>(WRITER_SPARE_EPOCH))) if (++looks > MAXIMUM_LOOKS) return false;
  const slots = load<u32>(TABLE_SLOTS);
  const spare = load<u32>(WRITER_SPARE_SLOTS);
  const mask = load<u32>(TABLE_MASK);
  memory.fill(spare, 0, (mask + 1) << 2);
  for (let from: u32 = 0; from <= mask; from++) {
    const slot = load<u32>(slots + (from << 2));
    if ((slot & TAG_MASK) == 0) continue;
    let index = hashEntry(entryOf(slot)) & mask;
    while (load<u32>(spare + (index << 2)) != EMPTY) index = (index + 1) & mask;
    store<u32>(spare + (index << 2), slot);
  }
  atomic.store<u32>(TABLE_SLOTS, spare);
  store<u32>(WRITER_SPARE_SLOTS, slots);
  store<u32>(WRITER_SPARE_EPOCH, atomic.load<u32>(TABLE_EPOCH));
  store<u32>(WRITER_TOMBSTONES, 0);
  return true;
}

@inline
function change(counter: usize, by: i32): void {
  store<u32>(counter, load<u32>(counter) + by);
}

// ── Entries: numbers from 1 on; lists of them are linked by ENTRY_LINK and end with 0 ──

/** The number of an entry that nobody sees; 0 where a reader is stuck. */
function takeEntry(): u32 {
  let looks = 0;
  while (true) {
    reclaim();
    const free = load<u32>(WRITER_FREE);
    if (free != 0) {
      store<u32>(WRITER_FREE, load<u32>(entryOf(free), ENTRY_LINK));
      return free;
    }
    const unused = load<u32>(WRITER_UNUSED);
    if (unused < load<u32>(WRITER_MAXIMUM) + SPARE_ENTRIES) {
      store<u32>(WRITER_UNUSED, unused + 1);
      return unused + 1;
    }
    if (++looks > MAXIMUM_LOOKS) return 0;
  }
}

function giveBack(number: u32): void {
  store<u32>(entryOf(number), load<u32>(WRITER_FREE), ENTRY_LINK);
  store<u32>(WRITER_FREE, number);
}

/** Puts an entry that no slot names any more at the end of the retired ones. */
function retire(number: u32): void {
  const entry = entryOf(number);
  store<u32>(entry, atomic.load<u32>(TABLE_EPOCH), ENTRY_RETIRED_EPOCH);
  store<u32>(entry, 0, ENTRY_LINK);
  const last = load<u32>(WRITER_RETIRED_LAST);
  if (last == 0) store<u32>(WRITER_RETIRED_FIRST, number);
  else store<u32>(entryOf(last), number, ENTRY_LINK);
  store<u32>(WRITER_RETIRED_LAST, number);
}

/** Frees the retired entries that no reader can hold any more. */
function reclaim(): void {
  while (true) {
    const number = load<u32>(WRITER_RETIRED_FIRST);
    if (number == 0) return;
    const entry = entryOf(number);
    if (!haveReadersLeft(load<u32>(entry, ENTRY_RETIRED_EPOCH))) return;
    const next = load<u32>(entry, ENTRY_LINK);
    store<u32>(WRITER_RETIRED_FIRST, next);
    if (next == 0) store<u32>(WRITER_RETIRED_LAST, 0);
    giveBack(number);
  }
}

/** Has every reader that was in at this epoch left? At an even epoch nobody was in. */
function haveReadersLeft(epoch: u32): bool {
  return (epoch & 1) == 0 || atomic.load<u32>(TABLE_EPOCH) != epoch;
}
