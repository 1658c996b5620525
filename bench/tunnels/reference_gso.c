/*
 * The reference forwarder with large packets. The kernel hands over TCP in packets of up to 64 KB, which are cut here
 * into packets of the path and sent in one call (UDP_SEGMENT); packets of one size that wait together go in one call,
 * too. What comes in together (UDP_GRO, recvmmsg) is put together again, TCP and UDP, several flows at a time, under
 * the kernel's own rules (net/ipv4/tcp_offload.c, tcp_gro_receive), so that the receiver acknowledges as rarely as it
 * does without a tunnel. No payload is copied here: the pieces are lists of buffers.
 */
#define _GNU_SOURCE
#include "reference.h"
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#define VNET 10
#define LARGEST 65536
#define MOST_SEGMENTS 64
#define MOST_UDP_OCTETS 65507
#define IPV6_HEADER 40
#define TCP_HEADER 20
#define UDP_HEADER 8
#define MOST_HEADERS 120
#define FIN_SYN_RST_URG_ECE_CWR 0xe7
#define PSH 0x08
#define ACK 0x10

/* Offloads: UDP is put together only for kernels that can take it apart. */
static int merges_udp;

/* Octets. */

static unsigned get16(const uint8_t *p) { return p[0] << 8 | p[1]; }
static uint32_t get32(const uint8_t *p) { return (uint32_t)get16(p) << 16 | get16(p + 2); }
static void put16(uint8_t *p, unsigned value) { p[0] = value >> 8, p[1] = value; }
static void put32(uint8_t *p, uint32_t value) { put16(p, value >> 16), put16(p + 2, value); }

/* The sum of 16-bit words as they lie in memory, to be folded; the compiler makes vector code of it. */
static uint64_t add_words(const uint8_t *p, size_t length, uint64_t sum) {
  uint64_t more = 0;
  size_t whole = length / 4;
  for (size_t i = 0; i < whole; i++) {
    uint32_t word;
    memcpy(&word, p + i * 4, 4);
    more += word;
  }
  uint8_t rest[4] = {0};
  memcpy(rest, p + whole * 4, length & 3);
  uint32_t word;
  memcpy(&word, rest, 4);
  return sum + more + word;
}

static uint16_t fold(uint64_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

/* The pseudo-header of RFC 8200 8.1, for an IPv6 header without extensions. */
static uint64_t add_pseudo_header(const uint8_t *ip, unsigned length) {
  uint8_t tail[8] = {0};
  put32(tail, length);
  tail[7] = ip[6];
  return add_words(tail, sizeof tail, add_words(ip + 8, 32, 0));
}

static void put_checksum(uint8_t *at, uint64_t sum, int is_udp) {
  uint16_t value = ~fold(sum);
  if (is_udp && value == 0) value = 0xffff;
  memcpy(at, &value, sizeof value);
}

void gso_open(void) {
  int on = 1;
  unsigned wanted = TUN_F_CSUM | TUN_F_TSO6;
  /* Asked only to learn whether this kernel knows segmented UDP; TCP is what we want to get in large packets. */
  merges_udp = ioctl(tun_fd, TUNSETOFFLOAD, wanted | TUN_F_TSO4 | TUN_F_USO4 | TUN_F_USO6) == 0;
  if (ioctl(tun_fd, TUNSETOFFLOAD, wanted)) fail("TUNSETOFFLOAD");
  if (setsockopt(socket_fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on)) fail("UDP_GRO");
}

/* From the TUN device to the socket. */

static uint8_t arena[4 * LARGEST];

/* Datagrams that wait to be sent in one call: all of `segment` octets, only the last may be shorter. */
static struct {
  struct iovec pieces[2 * MOST_SEGMENTS];
  uint8_t headers[MOST_SEGMENTS][MOST_HEADERS];
  int piece_count, count, octets, segment, is_closed;
} out;

static void send_waiting(void) {
  if (out.count == 0) return;
  union {
    char octets[CMSG_SPACE(sizeof(uint16_t))];
    struct cmsghdr align;
  } control = {0};
  struct msghdr message = {.msg_iov = out.pieces, .msg_iovlen = out.piece_count};
  if (peer_length != 0) message.msg_name = &peer, message.msg_namelen = peer_length;
  if (out.count > 1) {
    message.msg_control = control.octets;
    message.msg_controllen = sizeof control.octets;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = IPPROTO_UDP;
    header->cmsg_type = UDP_SEGMENT;
    header->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    uint16_t segment = out.segment;
    memcpy(CMSG_DATA(header), &segment, sizeof segment);
  }
  out.piece_count = out.count = out.octets = out.is_closed = 0;
  if (sendmsg(socket_fd, &message, 0) < 0) return;
}

/* Makes sure that a datagram of this length can join what waits, by sending that first where it cannot. */
static void make_room(int length) {
  if (out.count == 0) return;
  if (out.is_closed || out.count == MOST_SEGMENTS || length > out.segment || out.octets + length > MOST_UDP_OCTETS)
    send_waiting();
}

static void add_piece(const uint8_t *from, int length) {
  out.pieces[out.piece_count++] = (struct iovec){(void *)from, length};
}

static void count_datagram(int length) {
  if (out.count == 0) out.segment = length;
  out.is_closed = length < out.segment;
  out.octets += length;
  out.count++;
}

/* Cuts a large TCP packet over IPv6; `tcp` is where its TCP header is. */
static void send_large(const uint8_t *packet, int length, int tcp, int most) {
  int header_length = tcp + (packet[tcp + 12] >> 4) * 4;
  if (header_length > MOST_HEADERS || header_length > length) return;
  uint32_t sequence = get32(packet + tcp + 4);
  for (int at = header_length; at < length; at += most) {
    int octets = length - at < most ? length - at : most;
    make_room(header_length + octets);
    uint8_t *header = out.headers[out.count];
    memcpy(header, packet, header_length);
    put16(header + 4, header_length - IPV6_HEADER + octets);
    put32(header + tcp + 4, sequence + at - header_length);
    if (at + octets < length) header[tcp + 13] &= ~(PSH | 1);
    memset(header + tcp + 16, 0, 2);
    uint64_t sum = add_pseudo_header(header, header_length - tcp + octets);
    sum = add_words(header + tcp, header_length - tcp, sum);
    put_checksum(header + tcp + 16, add_words(packet + at, octets, sum), 0);
    add_piece(header, header_length);
    add_piece(packet + at, octets);
    count_datagram(header_length + octets);
  }
}

void gso_from_tun(void) {
  size_t used = 0;
  for (int reads = 0; reads < MOST_SEGMENTS && used + VNET + LARGEST <= sizeof arena; reads++) {
    uint8_t *packet = arena + used + VNET;
    int length = read(tun_fd, arena + used, VNET + LARGEST) - VNET;
    if (length < IPV6_HEADER) break;
    struct virtio_net_hdr meta;
    memcpy(&meta, arena + used, VNET);
    used += (VNET + length + 63) & ~63;
    if (meta.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
      send_large(packet, length, meta.csum_start, meta.gso_size);
      continue;
    }
    if (meta.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
      /* The field already holds the sum of the pseudo-header. */
      uint64_t sum = add_words(packet + meta.csum_start, length - meta.csum_start, 0);
      put_checksum(packet + meta.csum_start + meta.csum_offset, sum, meta.csum_offset == 6);
    }
    make_room(length);
    add_piece(packet, length);
    count_datagram(length);
  }
  send_waiting();
}

/* From the socket to the TUN device. */

#define MESSAGES 64
/* Not a multiple of a page, so that the slots do not fall on the same lines of the caches. */
#define SLOT (LARGEST + 1600)
#define FLOWS 8

static uint8_t slots[MESSAGES][SLOT];

/* A packet being put together: headers of the first one, then payloads that follow one another. */
static struct merge {
  uint8_t *first;
  struct iovec pieces[MOST_SEGMENTS + 2];
  int segments, header_length, payload, largest, is_closed;
  uint32_t next;
  struct virtio_net_hdr meta;
} merges[FLOWS];
static int next_victim;

static void write_merge(struct merge *merge) {
  if (merge->first == NULL) return;
  int is_tcp = merge->first[6] == IPPROTO_TCP;
  merge->meta = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_DATA_VALID};
  if (merge->segments > 1) {
    unsigned length = merge->header_length - IPV6_HEADER + merge->payload;
    put16(merge->first + 4, length);
    if (!is_tcp) put16(merge->first + IPV6_HEADER + 4, length);
    int offset = is_tcp ? 16 : 6;
    uint16_t sum = fold(add_pseudo_header(merge->first, length));
    memcpy(merge->first + IPV6_HEADER + offset, &sum, sizeof sum);
    merge->meta = (struct virtio_net_hdr){
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = is_tcp ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_UDP_L4,
        .hdr_len = merge->header_length,
        .gso_size = merge->largest,
        .csum_start = IPV6_HEADER,
        .csum_offset = offset,
    };
  }
  merge->pieces[0] = (struct iovec){&merge->meta, VNET};
  int pieces = merge->segments + 1;
  merge->first = NULL;
  if (writev(tun_fd, merge->pieces, pieces) < 0) return;
}

static void write_as_it_is(uint8_t *packet, int length) {
  struct virtio_net_hdr meta = {0};
  struct iovec pieces[2] = {{&meta, VNET}, {packet, length}};
  if (writev(tun_fd, pieces, 2) < 0) return;
}

static struct merge *find_flow(const uint8_t *packet) {
  for (int i = 0; i < FLOWS; i++) {
    const uint8_t *first = merges[i].first;
    if (first != NULL && first[6] == packet[6] && !memcmp(first + 8, packet + 8, 36)) return &merges[i];
  }
  return NULL;
}

/* The length of the headers of a packet that may be put together with others; 0 for all others. */
static int mergeable(const uint8_t *packet, int length) {
  const uint8_t *segment = packet + IPV6_HEADER;
  int headers;
  if (packet[6] == IPPROTO_TCP) {
    headers = IPV6_HEADER + (segment[12] >> 4) * 4;
    if (headers < IPV6_HEADER + TCP_HEADER || (segment[13] & FIN_SYN_RST_URG_ECE_CWR) || !(segment[13] & ACK)) return 0;
  } else {
    headers = IPV6_HEADER + UDP_HEADER;
    if (!merges_udp || get16(segment + 4) != (unsigned)length - IPV6_HEADER) return 0;
  }
  if (length <= headers || get16(packet + 4) != (unsigned)length - IPV6_HEADER) return 0;
  uint64_t sum = add_pseudo_header(packet, length - IPV6_HEADER);
  return fold(add_words(segment, length - IPV6_HEADER, sum)) == 0xffff ? headers : 0;
}

static int follows(const struct merge *merge, const uint8_t *packet, int headers, int payload) {
  if (merge->is_closed || merge->segments > MOST_SEGMENTS - 1 || headers != merge->header_length) return 0;
  if (payload > merge->largest || headers - IPV6_HEADER + merge->payload + payload > 65535) return 0;
  if (memcmp(merge->first, packet, 4) || merge->first[7] != packet[7]) return 0;
  if (packet[6] == IPPROTO_UDP) return 1;
  const uint8_t *before = merge->first + IPV6_HEADER, *tcp = packet + IPV6_HEADER;
  /* In sequence, the same acknowledgement, the same options. */
  return get32(tcp + 4) == merge->next && !memcmp(before + 8, tcp + 8, 4) && !memcmp(before + 14, tcp + 14, 2) &&
         !memcmp(before + 20, tcp + 20, headers - IPV6_HEADER - 20);
}

static void take(uint8_t *packet, int length) {
  int is_ipv6 = length >= IPV6_HEADER && packet[0] >> 4 == 6;
  int is_tcp = is_ipv6 && packet[6] == IPPROTO_TCP && length >= IPV6_HEADER + TCP_HEADER;
  int is_udp = is_ipv6 && packet[6] == IPPROTO_UDP && length >= IPV6_HEADER + UDP_HEADER;
  if (!is_tcp && !is_udp) return write_as_it_is(packet, length);
  struct merge *merge = find_flow(packet);
  int headers = mergeable(packet, length), payload = length - headers;
  if (headers == 0) {
    if (merge != NULL) write_merge(merge);
    return write_as_it_is(packet, length);
  }
  int is_push = is_tcp && (packet[IPV6_HEADER + 13] & PSH);
  if (merge != NULL && follows(merge, packet, headers, payload)) {
    merge->pieces[++merge->segments] = (struct iovec){packet + headers, payload};
    merge->payload += payload;
    merge->next += payload;
    merge->is_closed = payload < merge->largest || is_push;
    if (is_push) merge->first[IPV6_HEADER + 13] |= PSH;
    return;
  }
  if (merge == NULL) merge = &merges[next_victim++ % FLOWS];
  write_merge(merge);
  merge->first = packet;
  merge->header_length = headers;
  merge->payload = merge->largest = payload;
  merge->segments = 1;
  merge->is_closed = is_push;
  merge->pieces[1] = (struct iovec){packet, length};
  if (is_tcp) merge->next = get32(packet + IPV6_HEADER + 4) + payload;
}

void gso_from_socket(void) {
  static struct mmsghdr messages[MESSAGES];
  static struct iovec pieces[MESSAGES];
  static struct sockaddr_storage senders[MESSAGES];
  static union {
    char octets[2 * CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
  } controls[MESSAGES];
  for (int i = 0; i < MESSAGES; i++) {
    pieces[i] = (struct iovec){slots[i], LARGEST};
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = peer_length != 0 ? &senders[i] : NULL,
        .msg_namelen = peer_length,
        .msg_iov = &pieces[i],
        .msg_iovlen = 1,
        .msg_control = controls[i].octets,
        .msg_controllen = sizeof controls[i].octets,
    };
  }
  int count = recvmmsg(socket_fd, messages, MESSAGES, MSG_DONTWAIT, NULL);
  for (int i = 0; i < count; i++) {
    int octets = messages[i].msg_len, segment = octets;
    struct msghdr *message = &messages[i].msg_hdr;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header))
      if (header->cmsg_level == IPPROTO_UDP && header->cmsg_type == UDP_GRO)
        memcpy(&segment, CMSG_DATA(header), sizeof segment);
    for (int at = 0; at < octets; at += segment)
      take(slots[i] + at, octets - at < segment ? octets - at : segment);
  }
  for (int i = 0; i < FLOWS; i++) write_merge(&merges[i]);
}
