/**
 * Where everything lies in the shared memory: the one list that the host (Deno) and the forwarder
 * (AssemblyScript compiles this file too, so: plain constants, no types) both read. Offsets and sizes are octets.
 * Nothing is ever allocated; only the binding table at the end depends on a setting.
 *
 * Areas that different threads write lie on different cache lines. "network order" values are stored as
 * they stand in a packet.
 */
export const PAGE_OCTETS = 65536;
export const CACHE_LINE_OCTETS = 64;

/** Packets that one call moves. */
export const BATCH = 64;

// ── Settings: written once, before the Worker runs; the outer source also by the Worker ──
export const SETTINGS = 64;
export const ROLE = SETTINGS;
export const HOME_AGENT_ROLE = 0;
export const MOBILE_NODE_ROLE = 1;
/** Outer source of protocol 41, network order. */
export const OUTER_SOURCE = SETTINGS + 4;
/** Mobile node: the only outer source of what comes in, network order. */
export const HOME_AGENT_IPV4 = SETTINGS + 8;
/** Home agent: its address. Mobile node: the home address. 16 octets. */
export const OWN_ADDRESS = SETTINGS + 16;
/** Where this memory begins in the process, u64: what the kernel's structures point with. */
export const MEMORY_BASE = SETTINGS + 32;

// ── Commands: written by control, then COMMAND_SEQUENCE counts up; the Worker answers with COMMAND_DONE ──
export const COMMAND = 128;
export const COMMAND_SEQUENCE = COMMAND;
export const COMMAND_STOP = COMMAND + 4;
export const COMMAND_UDP_DESCRIPTOR = COMMAND + 8;
export const COMMAND_RAW_DESCRIPTOR = COMMAND + 12;
/** Network order. */
export const COMMAND_OUTER_SOURCE = COMMAND + 16;
export const COMMAND_DONE = 192;

/** struct timespec: the kernel's monotonic clock at the start of the batch. */
export const CLOCK = 256;
/** Token buckets: thousandths of a token and the millisecond of the last filling, i64 each. */
export const PACKET_TOO_BIG_BUCKET = 272;
export const UNBOUND_REPORT_BUCKET = 288;
/** What the last batch left to do: u32 each. */
export const UDP_SEND_COUNT = 320;
export const RAW_SEND_COUNT = 324;
export const TUN_WRITE_COUNT = 328;

// ── Binding table ──
/** What readers need: offset of the slot array in use, its mask, offset of the entries, u64 seed of the hash. */
export const TABLE = 384;
export const TABLE_SLOTS = TABLE;
export const TABLE_MASK = TABLE + 4;
export const TABLE_ENTRIES = TABLE + 8;
export const TABLE_SEED = TABLE + 16;
/** The reader counts here: odd while it may hold entries. */
export const TABLE_EPOCH = 448;
/** What only the writer needs, u32 each. */
export const WRITER = 512;
export const WRITER_MAXIMUM = WRITER;
export const WRITER_LIVE = WRITER + 4;
export const WRITER_TOMBSTONES = WRITER + 8;
export const WRITER_UNUSED = WRITER + 12;
export const WRITER_FREE = WRITER + 16;
export const WRITER_RETIRED_FIRST = WRITER + 20;
export const WRITER_RETIRED_LAST = WRITER + 24;
export const WRITER_SPARE_SLOTS = WRITER + 28;
export const WRITER_SPARE_EPOCH = WRITER + 32;
export const WRITER_KEY = WRITER + 48;

/** An entry never changes while a reader may see it. Addresses are 16 octets; IPv4 is IPv4-mapped. */
export const ENTRY_OCTETS = 64;
export const ENTRY_KEY = 0;
export const ENTRY_OUTER_ADDRESS = 16;
/** The last 4 octets of the outer address: IPv4, network order. */
export const ENTRY_OUTER_IPV4 = 28;
/** u16, network order. */
export const ENTRY_PORT = 32;
export const ENTRY_ENCAPSULATION = 34;
export const ENTRY_INNER_MTU = 36;
/** The writer's own: next entry of a list (its number + 1), and the epoch of its retirement. */
export const ENTRY_LINK = 40;
export const ENTRY_RETIRED_EPOCH = 44;

/** Entries beyond the maximum, so that a change need not wait for readers. */
export const SPARE_ENTRIES = 256;
/** What setBinding says. */
export const STORED = 0;
export const TABLE_FULL = 1;
export const READER_STUCK = 2;

export const UDP_ENCAPSULATION = 0;
export const IPV6_IN_IPV4_ENCAPSULATION = 1;

// ── The ring of records for control: the Worker writes records and RING_HEAD, control RING_TAIL ──
export const RING_HEAD = 640;
export const RING_TAIL = 704;
export const RING_RECORDS = 256;
export const RECORD_OCTETS = 4096;
export const RECORD_KIND = 0;
export const SIGNALLING_RECORD = 0;
export const UNBOUND_TRAFFIC_RECORD = 1;
export const RECORD_ENCAPSULATION = 4;
/** Network order. */
export const RECORD_OUTER_IPV4 = 8;
/** u16, network order. */
export const RECORD_PORT = 12;
/** f64, milliseconds of the monotonic clock. */
export const RECORD_ARRIVED_MS = 16;
export const RECORD_LENGTH = 24;
/** The packet's place in its batch. */
export const RECORD_SLOT = 28;
export const RECORD_DATA = 64;

// ── Counters, u64 each: first these, then one for each drop reason ──
export const COUNTERS = 768;
export const ENCAPSULATED_PACKETS = COUNTERS;
export const ENCAPSULATED_OCTETS = COUNTERS + 8;
export const DECAPSULATED_PACKETS = COUNTERS + 16;
export const DECAPSULATED_OCTETS = COUNTERS + 24;
export const SIGNALLING_PACKETS = COUNTERS + 32;
export const UNBOUND_REPORTS = COUNTERS + 40;
export const PACKET_TOO_BIG_SENT = COUNTERS + 48;
/** Encapsulated or decapsulated, and then refused by the kernel. */
export const REFUSED_OUTBOUND_PACKETS = COUNTERS + 56;
export const REFUSED_OUTBOUND_OCTETS = COUNTERS + 64;
export const REFUSED_INBOUND_PACKETS = COUNTERS + 72;
export const REFUSED_INBOUND_OCTETS = COUNTERS + 80;
export const SOCKET_ERRORS = COUNTERS + 88;
export const DROP_COUNTERS = COUNTERS + 128;

/** struct pollfd of: TUN device, UDP socket, raw socket, eventfd. */
export const POLL_DESCRIPTORS = 1920;
export const POLL_DESCRIPTOR_OCTETS = 8;
export const POLL_DESCRIPTOR_COUNT = 4;
/** u64: what reading the eventfd gives. */
export const EVENT_VALUE = 1952;

// ── Batches ──
/** u32 each: octets that read() got. */
export const SLOT_LENGTHS = 2048;
/** i32 each: the drop reason, or PASSED. */
export const SLOT_VERDICTS = SLOT_LENGTHS + 4 * BATCH;
export const PASSED = -1;

/** struct iovec. */
export const VECTOR_OCTETS = 16;
export const VECTOR_BASE = 0;
export const VECTOR_LENGTH = 8;
/** struct mmsghdr: struct msghdr, then the length that the kernel moved. */
export const MESSAGE_OCTETS = 64;
export const MESSAGE_NAME = 0;
export const MESSAGE_NAME_LENGTH = 8;
export const MESSAGE_VECTORS = 16;
export const MESSAGE_VECTOR_COUNT = 24;
export const MESSAGE_CONTROL = 32;
export const MESSAGE_CONTROL_LENGTH = 40;
export const MESSAGE_FLAGS = 48;
export const MESSAGE_LENGTH = 56;
/** struct sockaddr_in. */
export const NAME_OCTETS = 16;
export const NAME_FAMILY = 0;
export const NAME_PORT = 2;
export const NAME_ADDRESS = 4;
export const AF_INET = 2;
/** struct cmsghdr. */
export const CONTROL_OCTETS = 64;
export const CONTROL_HEADER_OCTETS = 16;
export const CONTROL_LENGTH = 0;
export const CONTROL_LEVEL = 8;
export const CONTROL_TYPE = 12;
export const CONTROL_DATA = 16;
export const IPPROTO_IP = 0;
export const IP_TOS = 1;

export const RECEIVE_VECTORS = 4096;
export const UDP_RECEIVE_MESSAGES = RECEIVE_VECTORS + BATCH * VECTOR_OCTETS;
export const UDP_RECEIVE_NAMES = UDP_RECEIVE_MESSAGES + BATCH * MESSAGE_OCTETS;
export const UDP_RECEIVE_CONTROLS = UDP_RECEIVE_NAMES + BATCH * NAME_OCTETS;
export const RAW_RECEIVE_MESSAGES = UDP_RECEIVE_CONTROLS + BATCH * CONTROL_OCTETS;
export const UDP_SEND_MESSAGES = RAW_RECEIVE_MESSAGES + BATCH * MESSAGE_OCTETS;
export const UDP_SEND_NAMES = UDP_SEND_MESSAGES + BATCH * MESSAGE_OCTETS;
export const UDP_SEND_CONTROLS = UDP_SEND_NAMES + BATCH * NAME_OCTETS;
export const UDP_SEND_VECTORS = UDP_SEND_CONTROLS + BATCH * CONTROL_OCTETS;
export const RAW_SEND_MESSAGES = UDP_SEND_VECTORS + BATCH * VECTOR_OCTETS;
export const RAW_SEND_NAMES = RAW_SEND_MESSAGES + BATCH * MESSAGE_OCTETS;
export const RAW_SEND_VECTORS = RAW_SEND_NAMES + BATCH * NAME_OCTETS;
export const TUN_WRITE_VECTORS = RAW_SEND_VECTORS + BATCH * VECTOR_OCTETS;

export const RING = PAGE_OCTETS;

/**
 * A slot holds one packet: headroom for what is written in front of it, the packet, and some space that makes
 * the stride an odd number of cache lines, so that the headers of a batch do not share one set of the cache.
 */
export const SLOTS = RING + RING_RECORDS * RECORD_OCTETS;
export const HEADROOM = 256;
export const SLOT_CAPACITY = 65536;
export const SLOT_STRIDE = HEADROOM + SLOT_CAPACITY + CACHE_LINE_OCTETS;

/** The two slot arrays of the table, then its entries. On a page of its own, after the slots. */
export const TABLE_AREA = (SLOTS + BATCH * SLOT_STRIDE + PAGE_OCTETS - 1) & -PAGE_OCTETS;
