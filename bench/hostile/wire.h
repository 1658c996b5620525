/*
 * What nodes.c and attack.c put on the wire: Binding Updates of RFC 5555 in UDP over IPv4, with the proof of RFC 4285, and
 * packets from home addresses. Written from the RFCs and from FIPS 180-4, and not from the code that they measure.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define AGENT_PORT 4191
#define NODE_PORT 40000
#define FIRST_SPI 1000
#define KEY_OCTETS 32
#define PROOF_OCTETS 16
#define MOST_OCTETS 1400
/* What every mobile node believes its address to be: behind its NAT. */
#define BEHIND_NAT 0xc0a80102

static const uint8_t agent6[16] = {0x20, 0x01, 0x0d, 0xb8, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* xorshift64 */
static uint64_t seed = 0x9e3779b97f4a7c15;
static uint32_t chance(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed >> 32;
}

static void put16(uint8_t *at, uint32_t value) {
  at[0] = value >> 8;
  at[1] = value;
}

static void put32(uint8_t *at, uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value);
}

static uint32_t get16(const uint8_t *at) { return at[0] << 8 | at[1]; }

/* SHA-256 and HMAC (RFC 2104). */

static const uint32_t rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void compress(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; i++) w[i] = get16(block + 4 * i) << 16 | get16(block + 4 * i + 2);
  for (int i = 16; i < 64; i++) {
    uint32_t a = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3;
    uint32_t b = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + a + w[i - 7] + b;
  }
  memcpy(s, state, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t a = turn(s[4], 6) ^ turn(s[4], 11) ^ turn(s[4], 25);
    uint32_t one = s[7] + a + ((s[4] & s[5]) ^ (~s[4] & s[6])) + rounds[i] + w[i];
    uint32_t b = turn(s[0], 2) ^ turn(s[0], 13) ^ turn(s[0], 22);
    uint32_t two = b + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += one;
    s[0] = one + two;
  }
  for (int i = 0; i < 8; i++) state[i] += s[i];
}

/* Of a first block of 64 octets and then the others. */
static void sha256(const uint8_t first[64], const uint8_t *rest, size_t octets, uint8_t digest[32]) {
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint8_t tail[128] = {0};
  size_t whole = octets & ~(size_t)63, left = octets - whole, end = left < 56 ? 64 : 128;
  compress(state, first);
  for (size_t at = 0; at < whole; at += 64) compress(state, rest + at);
  memcpy(tail, rest + whole, left);
  tail[left] = 0x80;
  put32(tail + end - 4, (64 + octets) * 8);
  for (size_t at = 0; at < end; at += 64) compress(state, tail + at);
  for (int i = 0; i < 8; i++) put32(digest + 4 * i, state[i]);
}

static void hmac(const uint8_t key[KEY_OCTETS], const uint8_t *data, size_t octets, uint8_t digest[32]) {
  uint8_t pad[64], inner[32];
  for (int i = 0; i < 64; i++) pad[i] = (i < KEY_OCTETS ? key[i] : 0) ^ 0x36;
  sha256(pad, data, octets, inner);
  for (int i = 0; i < 64; i++) pad[i] ^= 0x36 ^ 0x5c;
  sha256(pad, inner, sizeof inner, digest);
}

/* IPv6 packets */

static uint16_t checksum6(const uint8_t *packet, const uint8_t *upper, size_t octets, uint8_t protocol) {
  uint32_t sum = octets + protocol;
  for (int i = 8; i < 40; i += 2) sum += get16(packet + i);
  for (size_t i = 0; i + 1 < octets; i += 2) sum += get16(upper + i);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum;
}

static void home_address(uint8_t at[16], uint32_t node) {
  memcpy(at, agent6, 12);
  put32(at + 12, 0x10000 + node);
}

static void header6(uint8_t *packet, size_t payload, uint8_t next) {
  memset(packet, 0, 40);
  packet[0] = 0x60;
  put16(packet + 4, payload);
  packet[6] = next;
  packet[7] = 64;
}

/* The authentication data for a mobility header of which `octets` are covered, with a checksum of zero. */
static void prove(const uint8_t key[KEY_OCTETS], const uint8_t home[16], const uint8_t *header, size_t octets, uint8_t *proof) {
  uint8_t data[32 + MOST_OCTETS] = {0}, digest[32];
  data[10] = data[11] = 0xff;
  put32(data + 12, BEHIND_NAT);
  memcpy(data + 16, home, 16);
  memcpy(data + 32, header, octets);
  put16(data + 36, 0);
  hmac(key, data, 32 + octets, digest);
  memcpy(proof, digest, PROOF_OCTETS);
}

struct update {
  uint32_t node;
  const char *identity;
  uint16_t sequence;
  uint16_t lifetime_units;
  const uint8_t *key; /* NULL: no proof */
};

/* Writes an IPv6 packet with a Binding Update; its octets. */
static size_t write_update(uint8_t *packet, const struct update *update) {
  uint8_t *header = packet + 40, *at = header + 12;
  size_t name = strlen(update->identity);
  header6(packet, 0, 135);
  home_address(packet + 8, update->node);
  memcpy(packet + 24, agent6, 16);
  memset(header, 0, 12);
  header[0] = 59;
  header[2] = 5;
  put16(header + 6, update->sequence);
  header[8] = 0xc0; /* A and H */
  put16(header + 10, update->lifetime_units);
  at[0] = 32; /* IPv4 care-of address */
  at[1] = 6;
  put16(at + 2, 0);
  put32(at + 4, BEHIND_NAT);
  at += 8;
  at[0] = 8; /* mobile node identifier: a network access identifier */
  at[1] = 1 + name;
  at[2] = 1;
  memcpy(at + 3, update->identity, name);
  at += 3 + name;
  /* Padding: the timestamp's option begins 2 octets behind a multiple of 8, the proof 1 octet. */
  while ((at - header) % 8 != 2) *at++ = 0;
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  at[0] = 10; /* message identification: seconds since 1900, and parts of 2^-32 of one */
  at[1] = 8;
  put32(at + 2, time.tv_sec + 2208988800u);
  put32(at + 6, (uint64_t)time.tv_nsec * 4294967296u / 1000000000u);
  at += 10;
  while ((at - header) % 8 != (update->key ? 1 : 0)) *at++ = 0;
  if (update->key) {
    at[0] = 9; /* message authentication, from mobile node to home agent */
    at[1] = 5 + PROOF_OCTETS;
    at[2] = 1;
    put32(at + 3, FIRST_SPI + update->node);
    at += 7 + PROOF_OCTETS;
  }
  size_t octets = at - header;
  header[1] = octets / 8 - 1;
  if (update->key) prove(update->key, packet + 8, header, octets - PROOF_OCTETS, at - PROOF_OCTETS);
  put16(packet + 4, octets);
  put16(header + 4, checksum6(packet, header, octets, 135));
  return 40 + octets;
}

/* Writes an IPv6 packet with a UDP datagram of `octets` in all, its payload zero but for a number. */
static size_t write_data(uint8_t *packet, const uint8_t from[16], const uint8_t to[16], size_t octets, uint64_t number) {
  memset(packet, 0, octets);
  header6(packet, octets - 40, 17);
  memcpy(packet + 8, from, 16);
  memcpy(packet + 24, to, 16);
  put16(packet + 40, 9);
  put16(packet + 42, 9);
  put16(packet + 44, octets - 40);
  memcpy(packet + 48, &number, sizeof number);
  put16(packet + 46, checksum6(packet, packet + 40, octets - 40, 17));
  return octets;
}
