/*
 * Sends UDP datagrams over IPv4, 64 in one system call (UDP_SEGMENT), from several ports in turn; RATE datagrams a
 * second in all, 0 for all that go: flood AGENT AGENT_PORT SECONDS RATE GARBAGE PORT HOME_ADDRESS [PORT HOME_ADDRESS]...
 *
 * Each datagram is an IPv6 packet of 250 octets from that home address to a UDP port of SINK; the first 8 octets of its
 * payload are its number in its flow. With GARBAGE 1, the home address is that of nobody. Prints one JSON object.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define INNER 250
#define BURST 64
#define MOST_FLOWS 8
#define SINK "2001:db8:ffff::9"
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static uint8_t bursts[MOST_FLOWS][BURST * INNER];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void fill(uint8_t *packet, const char *home, int garbage, int port) {
  memset(packet, 0, INNER);
  packet[0] = 0x60;
  packet[4] = (INNER - 40) >> 8;
  packet[5] = (INNER - 40) & 0xff;
  packet[6] = 17;
  packet[7] = 64;
  if (inet_pton(AF_INET6, home, packet + 8) != 1 || inet_pton(AF_INET6, SINK, packet + 24) != 1) fail("inet_pton");
  if (garbage) packet[14] = 0xbb;
  packet[40] = port >> 8;
  packet[41] = port & 0xff;
  packet[43] = 9;
  packet[44] = (INNER - 40) >> 8;
  packet[45] = (INNER - 40) & 0xff;
}

int main(int count, char **words) {
  int flows = (count - 6) / 2, sockets[MOST_FLOWS], segment = INNER, octets = 4 << 20;
  if (flows < 1 || flows > MOST_FLOWS) return 2;
  double limit = atof(words[3]), rate = atof(words[4]), start = now(), end;
  struct sockaddr_in agent = {.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
  if (inet_pton(AF_INET, words[1], &agent.sin_addr) != 1) return 2;
  for (int flow = 0; flow < flows; flow++) {
    int port = atoi(words[6 + 2 * flow]);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port)};
    sockets[flow] = socket(AF_INET, SOCK_DGRAM, 0);
    if (sockets[flow] < 0 || bind(sockets[flow], (struct sockaddr *)&own, sizeof own)) fail("bind");
    if (connect(sockets[flow], (struct sockaddr *)&agent, sizeof agent)) fail("connect");
    setsockopt(sockets[flow], SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof octets);
    if (setsockopt(sockets[flow], IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment)) fail("UDP_SEGMENT");
    for (int i = 0; i < BURST; i++) fill(bursts[flow] + i * INNER, words[7 + 2 * flow], atoi(words[5]), port);
  }
  uint64_t sent[MOST_FLOWS] = {0}, total = 0, refused = 0;
  while ((end = now()) - start < limit) {
    if (rate > 0 && (end - start) * rate < total + refused * BURST) {
      struct timespec nap = {0, 50000};
      nanosleep(&nap, NULL);
      continue;
    }
    for (int flow = 0; flow < flows; flow++) {
      for (int i = 0; i < BURST; i++) {
        uint64_t number = sent[flow] + i;
        memcpy(bursts[flow] + i * INNER + 48, &number, sizeof number);
      }
      if (send(sockets[flow], bursts[flow], sizeof bursts[flow], 0) < 0) {
        refused++;
        continue;
      }
      sent[flow] += BURST;
      total += BURST;
    }
  }
  printf("{\"sent\":%lu,\"refused\":%lu,\"seconds\":%.3f}\n", total, refused, end - start);
  return 0;
}
