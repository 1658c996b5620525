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

/** Reads of the TUN device, or datagrams of a socket, that one round takes. */
export const BATCH = 64;

// ── Settings: written once, before the Worker runs; outer sources also by the Worker ──
export const SETTINGS = 64;
export const ROLE = SETTINGS;
export const HOME_AGENT_ROLE = 0;
export const MOBILE_NODE_ROLE = 1;
/** Outer source of what leaves in IPv4 without UDP, network order. */
export const OUTER_IPV4_SOURCE = SETTINGS + 4;
/** Home agent: its address. Mobile node: the home address. 16 octets. */
export const OWN_ADDRESS = SETTINGS + 16;
/** Where this memory begins in the process, u64: what the kernel's structures point with. */
export const MEMORY_BASE = SETTINGS + 32;
/** u32: octets of struct virtio_net_hdr that stand before each packet of the TUN device: 10, or 0. */
export const TUN_HEADER_OCTETS = SETTINGS + 40;
/** u32: the set of OFFLOAD_* that the kernel has. Written by the Worker. */
export const OFFLOADS = SETTINGS + 44;
/** Several datagrams in one message to the UDP socket (UDP_SEGMENT). */
export const OFFLOAD_UDP_SEGMENT = 1;
/** Several TCP segments, several UDP datagrams in one write to the TUN device. */
export const OFFLOAD_TUN_TCP = 2;
export const OFFLOAD_TUN_UDP = 4;
/**
 * The IPv4 home address, or the home agent's IPv4 address inside, network order; 0 for none. Mobile node: written by the
 * Worker, with the bits of its prefix.
 */
export const OWN_IPV4_ADDRESS = SETTINGS + 48;
export const OWN_IPV4_MASK = SETTINGS + 52;

// ── Commands: written by control, then COMMAND_SEQUENCE counts up; the Worker answers with COMMAND_DONE ──
export const COMMAND = 128;
export const COMMAND_SEQUENCE = COMMAND;
export const COMMAND_STOP = COMMAND + 4;
/** -1: nothing waits for it, and sendmmsg() gives EBADF. */
export const NO_DESCRIPTOR = 0xffffffff;
/** What is sent by: UDP, raw in IPv4, raw in IPv6. */
export const COMMAND_UDP_DESCRIPTOR = COMMAND + 8;
export const COMMAND_RAW_IPV4_DESCRIPTOR = COMMAND + 12;
export const COMMAND_RAW_IPV6_DESCRIPTOR = COMMAND + 24;
/** Network order. */
export const COMMAND_OUTER_IPV4_SOURCE = COMMAND + 16;
/** OFFLOAD_UDP_SEGMENT, or 0. */
export const COMMAND_SOCKET_OFFLOADS = COMMAND + 20;
/** How many of COMMAND_RECEIVE there are. */
export const COMMAND_RECEIVE_COUNT = COMMAND + 28;
/** 16 octets. */
export const COMMAND_OUTER_IPV6_SOURCE = COMMAND + 32;
/** Not 0: nothing is read from the TUN device. */
export const COMMAND_HOLD_TUN = COMMAND + 48;
/** Mobile node: what OWN_IPV4_ADDRESS and OWN_IPV4_MASK are to be. */
export const COMMAND_IPV4_HOME_ADDRESS = COMMAND + 52;
export const COMMAND_IPV4_HOME_MASK = COMMAND + 56;
export const COMMAND_DONE = 192;

/** struct timespec: the kernel's monotonic clock when a call of the forwarder first needed it. */
export const CLOCK = 256;
/** Token buckets: thousandths of a token and the millisecond of the last filling, i64 each. */
export const PACKET_TOO_BIG_BUCKET = 272;
export const UNBOUND_REPORT_BUCKET = 288;
/** What the last call left to do, messages and writes, u32 each; and how many inner packets have a verdict. */
export const UDP_SEND_COUNT = 320;
export const RAW_IPV4_SEND_COUNT = 324;
export const TUN_WRITE_COUNT = 328;
export const VERDICT_COUNT = 332;
/** The addresses of the IPv4 packet in hand as keys of the binding table: IPv4-mapped, 16 octets each. */
export const IPV4_SOURCE_KEY = 336;
export const IPV4_DESTINATION_KEY = 352;
/** As the counts above. */
export const RAW_IPV6_SEND_COUNT = 368;
/** Outer packets that were cut, u32. */
export const CUT_PACKETS = 372;

// ── Binding table ──
/** What readers need: offset of the slot array in use, its mask, offset of the entries, u64 seed of the hash. */
export const TABLE = 384;
export const TABLE_SLOTS = TABLE;
export const TABLE_MASK = TABLE + 4;
export const TABLE_ENTRIES = TABLE + 8;
export const TABLE_SEED = TABLE + 16;
/**
 * u64 each: the lengths that prefixes in the table have, in bits of the key, an octet each, the longest lowest; 0 where there
 * are no more.
 */
export const TABLE_IPV6_PREFIX_LENGTHS = TABLE + 24;
export const TABLE_IPV4_PREFIX_LENGTHS = TABLE + 32;
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
/** What a binding is for, and its outer address: 16 octets each. */
export const WRITER_KEY = WRITER + 48;
export const WRITER_OUTER_ADDRESS = WRITER + 64;

/** Bits in front of an IPv4-mapped address or prefix. */
export const IPV4_MAPPED_BITS = 96;
/** An entry never changes while a reader may see it. Addresses are 16 octets; IPv4 is IPv4-mapped. */
export const ENTRY_OCTETS = 64;
export const ENTRY_KEY = 0;
export const ENTRY_OUTER_ADDRESS = 16;
/** u16, network order. */
export const ENTRY_PORT = 32;
export const ENTRY_ENCAPSULATION = 34;
/** u8: bits of the key that count; 128 for an address. */
export const ENTRY_PREFIX_LENGTH = 35;
export const ENTRY_INNER_MTU = 36;
/** The writer's own: next entry of a list (its number + 1), and the epoch of its retirement. */
export const ENTRY_LINK = 40;
export const ENTRY_RETIRED_EPOCH = 44;
/** u32: longer inner packets leave in outer fragments, octets. */
export const ENTRY_WHOLE_OCTETS = 48;

/** Entries beyond the maximum, so that a change need not wait for readers. */
export const SPARE_ENTRIES = 256;
/** What setBinding says. */
export const STORED = 0;
export const TABLE_FULL = 1;
export const READER_STUCK = 2;
export const LENGTHS_FULL = 3;

export const UDP_ENCAPSULATION = 0;
export const IPV6_IN_IPV4_ENCAPSULATION = 1;
export const IPV6_IN_IPV6_ENCAPSULATION = 2;

// ── The ring of records for control: the Worker writes records and RING_HEAD, control RING_TAIL ──
export const RING_HEAD = 640;
export const RING_TAIL = 704;
export const RING_RECORDS = 1024;
export const RECORD_OCTETS = 4096;
export const RECORD_KIND = 0;
export const SIGNALLING_RECORD = 0;
export const UNBOUND_TRAFFIC_RECORD = 1;
export const RECORD_ENCAPSULATION = 4;
/** u16, network order. */
export const RECORD_PORT = 12;
/** f64, milliseconds of the monotonic clock. */
export const RECORD_ARRIVED_MS = 16;
export const RECORD_LENGTH = 24;
/** The packet's place in its batch. */
export const RECORD_SLOT = 28;
/** 16 octets. */
export const RECORD_OUTER_ADDRESS = 32;
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

/** The IPv4 header of the packet in hand as its later fragments have it: 60 octets. */
export const FRAGMENT_HEADER = 1920;
/** u64: what reading the eventfd gives. */
export const EVENT_VALUE = 1984;
/**
 * The SPI of the ESP packet in hand as a key of the binding table, 16 octets: a multicast address, which nobody is bound
 * to, with the SPI in its last 4. The SPIs of security associations are in the table as such addresses.
 */
export const SPI_KEY = 1992;
export const SPI_KEY_NUMBER = 12;
export const SPI_OCTETS = 4;

// ── Batches ──
/** u32 each: octets that read() got, without the header of the TUN device. */
export const SLOT_LENGTHS = 2048;

// ── More of commands, settings and the table's writer ──
/** What is received from, in that order: a descriptor and RECEIVE_*, u32 each. Written by control. */
export const COMMAND_RECEIVE = 2304;
export const RECEIVE_OCTETS = 8;
export const RECEIVE_SOCKETS = 16;
/** A UDP socket for mobility messages: before all others, and before the TUN device. */
export const RECEIVE_SIGNALLING = 0;
export const RECEIVE_UDP = 1;
export const RECEIVE_RAW_IPV4 = 2;
export const RECEIVE_IPV6_IN_IPV6 = 3;
export const RECEIVE_IPV4_IN_IPV6 = 4;
/** struct epoll_event, of up to 16 octets: one for each socket that is received from, the TUN device and the eventfd. */
export const EPOLL_EVENTS = 2560;
export const EPOLL_EVENT_MAXIMUM_OCTETS = 16;
/** struct pollfd: the epoll, and the busy descriptors. */
export const POLLS = 2848;
export const POLL_OCTETS = 8;
export const BUSY_DESCRIPTORS = 3;
/** Outer source of what leaves in IPv6: 16 octets. */
export const OUTER_IPV6_SOURCE = 2880;
/** Mobile node: the only outer sources of what comes in over IPv4 (IPv4-mapped; all 0 for none) and IPv6; 16 octets each. */
export const HOME_AGENT_OUTER_IPV4 = 2896;
export const HOME_AGENT_OUTER_IPV6 = 2912;
/** Mobile node: its mobile network prefixes. u32: how many; of each: 16 octets, and 16 octets with the bits that count. */
export const MOBILE_NETWORK_PREFIX_COUNT = 2928;
export const MOBILE_NETWORK_PREFIXES = 2944;
export const MOBILE_NETWORK_PREFIX_OCTETS = 32;
/** u32 each: bindings of prefixes of each length, 0..127 of IPv6 and 0..31 of IPv4. */
export const WRITER_IPV6_LENGTH_COUNTS = 3456;
export const WRITER_IPV4_LENGTH_COUNTS = 3968;

/** i32 each: the drop reason of an inner packet, or PASSED; those beyond the capacity are not kept. */
export const VERDICTS = 4096;
export const VERDICT_CAPACITY = 4096;
export const PASSED = -1;

/** struct virtio_net_hdr, little-endian as this machine is. */
export const TUN_HEADER = 10;
export const TUN_FLAGS = 0;
export const TUN_GSO_TYPE = 1;
export const TUN_HEADERS_LENGTH = 2;
export const TUN_GSO_SIZE = 4;
export const TUN_CHECKSUM_START = 6;
export const TUN_CHECKSUM_OFFSET = 8;
export const TUN_NEEDS_CHECKSUM = 1;
export const GSO_NONE = 0;
export const GSO_TCPV4 = 1;
export const GSO_TCPV6 = 4;
export const GSO_UDP = 5;
/** Set beside the type where a TCP packet carries CWR. */
export const GSO_ECN = 0x80;

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
/** struct sockaddr_in6, and how far apart two of them are. */
export const NAME_IPV6_OCTETS = 28;
export const NAME_IPV6_STRIDE = 32;
export const NAME_IPV6_ADDRESS = 8;
export const AF_INET6 = 10;
/** struct cmsghdr; a control area holds two of them, of 24 octets each with their data. */
export const CONTROL_OCTETS = 64;
export const CONTROL_SPACE = 24;
export const CONTROL_HEADER_OCTETS = 16;
export const CONTROL_LENGTH = 0;
export const CONTROL_LEVEL = 8;
export const CONTROL_TYPE = 12;
export const CONTROL_DATA = 16;
export const IPPROTO_IP = 0;
export const IP_TOS = 1;
export const IPPROTO_IPV6 = 41;
export const IPV6_TCLASS = 67;
export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;

export const RECEIVE_VECTORS = VERDICTS + 4 * VERDICT_CAPACITY;
export const UDP_RECEIVE_MESSAGES = RECEIVE_VECTORS + BATCH * VECTOR_OCTETS;
export const UDP_RECEIVE_NAMES = UDP_RECEIVE_MESSAGES + BATCH * MESSAGE_OCTETS;
export const UDP_RECEIVE_CONTROLS = UDP_RECEIVE_NAMES + BATCH * NAME_OCTETS;
export const RAW_IPV4_RECEIVE_MESSAGES = UDP_RECEIVE_CONTROLS + BATCH * CONTROL_OCTETS;
export const RAW_IPV6_RECEIVE_MESSAGES = RAW_IPV4_RECEIVE_MESSAGES + BATCH * MESSAGE_OCTETS;
export const RAW_IPV6_RECEIVE_NAMES = RAW_IPV6_RECEIVE_MESSAGES + BATCH * MESSAGE_OCTETS;
export const RAW_IPV6_RECEIVE_CONTROLS = RAW_IPV6_RECEIVE_NAMES + BATCH * NAME_IPV6_STRIDE;

// ── What is sent: one call fills these lists, and says how far it came where they are full ──
/** Datagrams that one call can make, each of at most two vectors: headers, and payload. */
export const DATAGRAMS = 2048;
/** Datagrams in one message, and its octets: what the kernel takes (UDP_SEGMENT). */
export const MESSAGE_DATAGRAMS = 64;
export const MESSAGE_MAXIMUM_OCTETS = 65507;
export const SEND_VECTORS = RAW_IPV6_RECEIVE_CONTROLS + BATCH * CONTROL_OCTETS;
export const UDP_SEND_MESSAGES = SEND_VECTORS + 2 * DATAGRAMS * VECTOR_OCTETS;
/** Messages: one for each datagram, and behind them those that a refused message is split into. */
export const SPLIT_MESSAGES = DATAGRAMS;
export const UDP_MESSAGES = DATAGRAMS + MESSAGE_DATAGRAMS;
export const UDP_SEND_NAMES = UDP_SEND_MESSAGES + UDP_MESSAGES * MESSAGE_OCTETS;
export const UDP_SEND_CONTROLS = UDP_SEND_NAMES + UDP_MESSAGES * NAME_OCTETS;
export const RAW_IPV4_SEND_MESSAGES = UDP_SEND_CONTROLS + UDP_MESSAGES * CONTROL_OCTETS;
export const RAW_IPV4_SEND_NAMES = RAW_IPV4_SEND_MESSAGES + DATAGRAMS * MESSAGE_OCTETS;
export const RAW_IPV6_SEND_MESSAGES = RAW_IPV4_SEND_NAMES + DATAGRAMS * NAME_OCTETS;
export const RAW_IPV6_SEND_NAMES = RAW_IPV6_SEND_MESSAGES + DATAGRAMS * MESSAGE_OCTETS;
/** Of each message: its datagrams, and the octets of their inner packets; u32 each. */
export const UDP_SEND_NOTES = RAW_IPV6_SEND_NAMES + DATAGRAMS * NAME_IPV6_STRIDE;
export const RAW_IPV4_SEND_NOTES = UDP_SEND_NOTES + UDP_MESSAGES * 8;
export const RAW_IPV6_SEND_NOTES = RAW_IPV4_SEND_NOTES + DATAGRAMS * 8;
/** Headers of segments, one behind the other, each on a multiple of 8. */
export const SEGMENT_HEADERS = RAW_IPV6_SEND_NOTES + DATAGRAMS * 8;
export const SEGMENT_HEADERS_OCTETS = 128 * DATAGRAMS;
/** Of each datagram: the headers of a second outer fragment, and what there was no vector for. */
export const OUTER_FRAGMENTS = SEGMENT_HEADERS + SEGMENT_HEADERS_OCTETS;
export const OUTER_FRAGMENT_STRIDE = 96;

// ── What is written to the TUN device: likewise ──
export const TUN_WRITES = 256;
/** Packets in one write. */
export const TUN_WRITE_PACKETS = 64;
/** Behind the others, those that a refused write is split into. */
export const SPLIT_WRITES = TUN_WRITES;
export const ALL_TUN_WRITES = TUN_WRITES + TUN_WRITE_PACKETS;
/** The header of the TUN device, then pieces of the packet: its first one, and payloads of those merged with it. */
export const TUN_WRITE_VECTORS_OCTETS = (1 + TUN_WRITE_PACKETS) * VECTOR_OCTETS;
export const TUN_WRITE_VECTORS = OUTER_FRAGMENTS + DATAGRAMS * OUTER_FRAGMENT_STRIDE;
export const TUN_WRITE_HEADERS = TUN_WRITE_VECTORS + ALL_TUN_WRITES * TUN_WRITE_VECTORS_OCTETS;
export const TUN_WRITE_HEADER_OCTETS = 16;
/** What a write consists of: u32 each. */
export const TUN_WRITE_NOTES = TUN_WRITE_HEADERS + ALL_TUN_WRITES * TUN_WRITE_HEADER_OCTETS;
export const NOTE_OCTETS = 64;
export const NOTE_VECTOR_COUNT = 0;
export const NOTE_PACKETS = 4;
export const NOTE_INNER_OCTETS = 8;
/** Does the last packet have PSH? */
export const NOTE_IS_PUSHED = 12;
/** Of a merged write: octets of headers of each packet, and the first one's length and changed fields as they were. */
export const NOTE_HEADERS = 16;
export const NOTE_FIRST_LENGTH = 20;
export const NOTE_IP_LENGTH = 24;
export const NOTE_IP_CHECKSUM = 28;
export const NOTE_CHECKSUM = 32;

/** Merges under way: each belongs to a write. */
export const FLOWS = TUN_WRITE_NOTES + ALL_TUN_WRITES * NOTE_OCTETS;
export const FLOW_COUNT = 8;
export const FLOW_OCTETS = 64;

export const RING = (FLOWS + FLOW_COUNT * FLOW_OCTETS + PAGE_OCTETS - 1) & -PAGE_OCTETS;

/**
 * A slot holds one read: headroom for what is written in front of it, the packet or datagrams, and some space that
 * makes the stride an odd number of cache lines, so that the headers of a batch do not share one set of the cache.
 */
export const SLOTS = RING + RING_RECORDS * RECORD_OCTETS;
export const HEADROOM = 256;
export const SLOT_CAPACITY = 65536;
export const SLOT_STRIDE = HEADROOM + SLOT_CAPACITY + CACHE_LINE_OCTETS;

/** The two slot arrays of the table, then its entries. On a page of its own, after the slots. */
export const TABLE_AREA = (SLOTS + BATCH * SLOT_STRIDE + PAGE_OCTETS - 1) & -PAGE_OCTETS;
