/*
 * Receives what flood.c sends, after the home agent, and looks whether each flow keeps its order: order SECONDS
 * Prints one JSON object: packets, flows, and packets that came after a later one of their flow.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#ifndef UDP_NO_CHECK6_RX
#define UDP_NO_CHECK6_RX 102
#endif

static uint64_t next[65536];

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int count, char **words) {
  int fd = socket(AF_INET6, SOCK_DGRAM, 0), octets = 4 << 20;
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(9)}, from;
  struct timeval wait = {0, 50000};
  /* The kernel takes no datagram with checksum 0 over IPv6 unless it is asked to. */
  int yes = 1;
  if (count != 2 || fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any)) return 2;
  if (setsockopt(fd, IPPROTO_UDP, UDP_NO_CHECK6_RX, &yes, sizeof yes)) return 2;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  uint64_t packets = 0, late = 0, flows = 0, number;
  double end = now() + atof(words[1]);
  while (now() < end) {
    socklen_t length = sizeof from;
    if (recvfrom(fd, &number, sizeof number, 0, (struct sockaddr *)&from, &length) < (ssize_t)sizeof number) continue;
    uint64_t *expected = &next[ntohs(from.sin6_port)];
    if (*expected == 0) flows++;
    packets++;
    if (number < *expected) late++;
    else *expected = number + 1;
  }
  printf("{\"packets\":%lu,\"flows\":%lu,\"late\":%lu}\n", packets, flows, late);
  return 0;
}
