/*
 * What comes to a home agent from a hostile Internet: attack AGENT COUNT SECONDS [KIND RATE]..., so many packets a second of
 * each kind. All but `spoofed` come from 172.16.0.0/12, from another address each time. The attacker knows the identities,
 * home addresses, SPIs, and where the COUNT mobile nodes of nodes.c are, and no key. Prints what it has sent, as JSON.
 */
#include "wire.h"
#include "batch.h"

#define FRAGMENT_OCTETS 64

static int count;

static uint32_t anywhere(void) { return 0xac100000 | (chance() & 0xfffff); }
static uint32_t of_node(uint32_t node) { return 0x0a400000 + node; }

static uint16_t checksum4(const uint8_t *at, size_t octets) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < octets; i += 2) sum += get16(at + i);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

/* `offset` in octets; the kernel fills in the checksum. */
static size_t header4(uint8_t *packet, uint32_t from, uint8_t protocol, size_t payload, uint32_t id, int more, size_t offset) {
  memset(packet, 0, 20);
  packet[0] = 0x45;
  put16(packet + 2, 20 + payload);
  put16(packet + 4, id);
  put16(packet + 6, more << 13 | offset / 8);
  packet[8] = 64;
  packet[9] = protocol;
  put32(packet + 12, from);
  memcpy(packet + 16, &agent.sin_addr, 4);
  return 20 + payload;
}

static size_t in_udp(uint8_t *packet, uint32_t from, uint32_t port, size_t inner) {
  put16(packet + 20, port);
  put16(packet + 22, AGENT_PORT);
  put16(packet + 24, 8 + inner);
  put16(packet + 26, 0);
  return header4(packet, from, 17, 8 + inner, chance(), 0, 0);
}

static void any(uint8_t *at, size_t octets) {
  for (size_t i = 0; i < octets; i++) at[i] = chance();
}

static size_t update(uint8_t *packet, uint32_t from, uint32_t port, int is_known, int is_proven) {
  static const uint8_t wrong[KEY_OCTETS] = {8};
  char name[64];
  uint32_t node = chance() % count;
  snprintf(name, sizeof name, is_known ? "mn%u@example.org" : "nobody%u@example.org", node);
  struct update update = {node, name, chance(), 100, is_proven ? wrong : NULL};
  return in_udp(packet, from, port, write_update(packet + 28, &update));
}

static size_t wrong_proof(uint8_t *packet) { return update(packet, anywhere(), chance(), 1, 1); }
static size_t unknown(uint8_t *packet) { return update(packet, anywhere(), chance(), 0, 1); }
static size_t no_proof(uint8_t *packet) { return update(packet, anywhere(), chance(), 1, 0); }
static size_t spoofed(uint8_t *packet) { return update(packet, of_node(chance() % count), NODE_PORT, 1, 1); }

/* Random octets, behind an IPv6 header and a good checksum every other time. */
static size_t noise(uint8_t *packet) {
  uint8_t *inner = packet + 28;
  size_t octets = 40 + 8 * (1 + chance() % 20);
  any(inner, octets);
  if (chance() & 1) {
    header6(inner, octets - 40, 135);
    home_address(inner + 8, chance() % count);
    memcpy(inner + 24, agent6, 16);
    inner[40] = 59;
    inner[41] = (octets - 40) / 8 - 1;
    put16(inner + 44, 0);
    put16(inner + 44, checksum6(inner, inner + 40, octets - 40, 135));
  }
  return in_udp(packet, anywhere(), chance(), octets);
}

/* A fragment that stays alone, or two of one packet that overlap. */
static size_t fragment(uint8_t *packet) {
  static uint32_t from, id;
  static int is_second;
  is_second = !is_second && (chance() & 1);
  if (!is_second) from = anywhere(), id = chance();
  any(packet + 20, FRAGMENT_OCTETS);
  return header4(packet, from, is_second ? 41 : (chance() & 1) ? 41 : 17, FRAGMENT_OCTETS, id, 1, is_second ? FRAGMENT_OCTETS / 2 : 0);
}

static size_t data(uint8_t *packet, const uint8_t source[16]) {
  uint8_t destination[16];
  home_address(destination, chance() % count);
  if (chance() & 1) return in_udp(packet, anywhere(), chance(), write_data(packet + 28, source, destination, 200, 0));
  return header4(packet, anywhere(), 41, write_data(packet + 20, source, destination, 200, 0), chance(), 0, 0);
}

/* Tunnelled, from an address that no mobile node has. */
static size_t foreign(uint8_t *packet) {
  uint8_t source[16] = {0x20, 0x01, 0x0d, 0xb8, 0xbb};
  any(source + 8, 8);
  return data(packet, source);
}

/* Tunnelled, in the name of a mobile node, from where it is not. */
static size_t unbound(uint8_t *packet) {
  uint8_t source[16];
  home_address(source, chance() % count);
  return data(packet, source);
}

/* Errors about what the home agent may have sent to a mobile node. */
static size_t icmp(uint8_t *packet) {
  static const uint8_t kinds[4][2] = {{3, 3}, {3, 4}, {11, 0}, {3, 13}};
  const uint8_t *kind = kinds[chance() % 4];
  uint8_t *error = packet + 20, *quoted = error + 8;
  memset(error, 0, 64);
  error[0] = kind[0];
  error[1] = kind[1];
  if (kind[1] == 4) put16(error + 6, 68);
  quoted[0] = 0x45;
  put16(quoted + 2, 228);
  quoted[8] = 60;
  quoted[9] = 17;
  memcpy(quoted + 12, &agent.sin_addr, 4);
  put32(quoted + 16, of_node(chance() % count));
  put16(quoted + 10, checksum4(quoted, 20));
  put16(quoted + 20, AGENT_PORT);
  put16(quoted + 22, NODE_PORT);
  put16(quoted + 24, 208);
  put16(error + 2, checksum4(error, 64));
  return header4(packet, anywhere(), 1, 64, chance(), 0, 0);
}

static const struct kind {
  const char *name;
  size_t (*write)(uint8_t *packet);
} kinds[] = {{"wrong-proof", wrong_proof}, {"spoofed", spoofed}, {"unknown", unknown}, {"no-proof", no_proof}, {"noise", noise},
             {"fragment", fragment}, {"foreign", foreign}, {"unbound", unbound}, {"icmp", icmp}};
#define KINDS (int)(sizeof kinds / sizeof *kinds)

int main(int words, char **word) {
  double rates[KINDS] = {0};
  uint64_t sent[KINDS] = {0}, octets[KINDS] = {0};
  if (words < 4 || words % 2 != 0 || inet_pton(AF_INET, word[1], &agent.sin_addr) != 1) return 2;
  count = atoi(word[2]);
  double limit = atof(word[3]);
  for (int i = 4; i < words; i += 2) {
    int kind = 0;
    while (kind < KINDS && strcmp(kinds[kind].name, word[i])) kind++;
    if (kind == KINDS) return 2;
    rates[kind] = atof(word[i + 1]);
  }
  int buffer = 16 << 20;
  descriptor = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  if (descriptor < 0) fail("socket");
  setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
  seed ^= time(NULL);
  double start = now(CLOCK_MONOTONIC), passed;
  while ((passed = now(CLOCK_MONOTONIC) - start) < limit) {
    for (int kind = 0; kind < KINDS; kind++) {
      for (int burst = 0; burst < 256 && sent[kind] < passed * rates[kind]; burst++) {
        size_t length = kinds[kind].write(packets[waiting]);
        vectors[waiting] = (struct iovec){packets[waiting], length};
        messages[waiting].msg_hdr = (struct msghdr){
            .msg_name = &agent, .msg_namelen = sizeof agent, .msg_iov = &vectors[waiting], .msg_iovlen = 1};
        sent[kind]++;
        octets[kind] += length;
        if (++waiting == BATCH) flush();
      }
    }
    flush();
    struct timespec nap = {0, 500000};
    nanosleep(&nap, NULL);
  }
  uint64_t total = 0, all = 0;
  for (int kind = 0; kind < KINDS; kind++) total += sent[kind], all += octets[kind];
  printf("{\"packets\":%lu,\"octets\":%lu,\"seconds\":%.3f}\n", total, all, passed);
  return 0;
}
