/*
 * UDP load that takes as little of the machine as it can: up to 64 datagrams a system call. Every datagram carries
 * its number, so that the receiver can tell loss and reordering. IPv4 or IPv6, as the address is written.
 *
 *   load receive PORT SECONDS IDLE           counts; ends IDLE seconds after the last datagram, or after SECONDS
 *   load send ADDRESS PORT OCTETS SECONDS RATE   OCTETS of UDP payload, RATE datagrams a second; 0: all that go
 *   load echo PORT SECONDS                   sends every datagram back
 *   load probe ADDRESS PORT SECONDS          asks every 2 ms until the first answer
 *
 * Each prints one JSON object; echo prints nothing.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#define BATCH 64
#define LONGEST 9000
#define SOCKET_BUFFER (8 << 20)
#define PACE_NS 50000

static uint8_t buffers[BATCH][LONGEST];
static struct iovec pieces[BATCH];
static struct mmsghdr messages[BATCH];

static double seconds_of(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static double now(void) { return seconds_of(CLOCK_MONOTONIC); }

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void set_wait(int fd, int microseconds) {
  struct timeval wait = {0, microseconds};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait)) fail("SO_RCVTIMEO");
}

/* A socket for both families on a port of ours. */
static int open_receiver(int port) {
  int fd = socket(AF_INET6, SOCK_DGRAM, 0), octets = SOCKET_BUFFER, off = 0;
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  if (fd < 0) fail("socket");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(fd, (struct sockaddr *)&any, sizeof any)) fail("bind");
  return fd;
}

/* Writes the address of the other side to `peer`; returns its length. */
static socklen_t parse_peer(const char *text, int port, struct sockaddr_storage *peer) {
  memset(peer, 0, sizeof *peer);
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)peer;
  struct sockaddr_in *four = (struct sockaddr_in *)peer;
  if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    return sizeof *six;
  }
  if (inet_pton(AF_INET, text, &four->sin_addr) != 1) {
    fprintf(stderr, "load: not an address: %s\n", text);
    exit(2);
  }
  four->sin_family = AF_INET;
  four->sin_port = htons(port);
  return sizeof *four;
}

static void receive(int port, double limit, double idle) {
  int fd = open_receiver(port);
  set_wait(fd, 20000);
  double start = now(), first = 0, last = 0, gap = 0;
  uint64_t received = 0, octets = 0, reordered = 0, highest = 0;
  for (;;) {
    int count = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    double t = now();
    if (count > 0) {
      if (received == 0) first = t;
      else if (t - last > gap) gap = t - last;
      last = t;
      for (int i = 0; i < count; i++) {
        uint64_t number;
        memcpy(&number, buffers[i], sizeof number);
        octets += messages[i].msg_len;
        if (number < highest) reordered++;
        else highest = number;
      }
      received += count;
    }
    if (t - start > limit || (received > 0 && t - last > idle)) break;
  }
  printf("{\"received\":%lu,\"octets\":%lu,\"seconds\":%.6f,\"reordered\":%lu,\"longestGapMs\":%.3f}\n", received,
         octets, last - first, reordered, gap * 1e3);
}

static void transmit(const char *address, int port, int length, double limit, double rate) {
  struct sockaddr_storage peer;
  socklen_t peer_length = parse_peer(address, port, &peer);
  int fd = socket(peer.ss_family, SOCK_DGRAM, 0), octets = SOCKET_BUFFER;
  if (fd < 0) fail("socket");
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof octets);
  if (connect(fd, (struct sockaddr *)&peer, peer_length)) fail("connect");
  for (int i = 0; i < BATCH; i++) pieces[i].iov_len = length;
  uint64_t sent = 0, refused = 0;
  double start = now(), t;
  while ((t = now()) - start < limit) {
    int count = BATCH;
    if (rate > 0) {
      /* What the system refused counts as sent: the rate does not catch up afterwards with a burst. */
      double due = (t - start) * rate - sent - refused;
      if (due < 1) {
        struct timespec nap = {0, PACE_NS};
        nanosleep(&nap, NULL);
        continue;
      }
      if (due < count) count = due;
    }
    for (int i = 0; i < count; i++) {
      uint64_t number = sent + refused + i;
      memcpy(buffers[i], &number, sizeof number);
    }
    int done = sendmmsg(fd, messages, count, 0);
    if (done > 0) sent += done;
    else refused++;
  }
  printf("{\"sent\":%lu,\"refused\":%lu,\"seconds\":%.6f}\n", sent, refused, now() - start);
}

static void echo(int port, double limit) {
  int fd = open_receiver(port);
  set_wait(fd, 100000);
  for (double start = now(); now() - start < limit;) {
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    ssize_t octets = recvfrom(fd, buffers[0], LONGEST, 0, (struct sockaddr *)&from, &length);
    if (octets > 0) sendto(fd, buffers[0], octets, 0, (struct sockaddr *)&from, length);
  }
}

static long nanoseconds_until(const struct timespec *then) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (then->tv_sec - t.tv_sec) * 1000000000L + then->tv_nsec - t.tv_nsec;
}

static int probe(const char *address, int port, double limit) {
  struct sockaddr_storage peer;
  socklen_t length = parse_peer(address, port, &peer);
  int fd = socket(peer.ss_family, SOCK_DGRAM, 0);
  if (fd < 0) fail("socket");
  uint64_t sent = 0;
  struct timespec next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  for (double start = now(); now() - start < limit;) {
    /* No route yet, no device yet: that is what is being waited for. */
    if (sendto(fd, &sent, sizeof sent, 0, (struct sockaddr *)&peer, length) > 0) sent++;
    next.tv_nsec += 2000000;
    if (next.tv_nsec >= 1000000000) {
      next.tv_nsec -= 1000000000;
      next.tv_sec++;
    }
    for (long left; (left = nanoseconds_until(&next)) > 0;) {
      struct pollfd waiting = {fd, POLLIN, 0};
      struct timespec wait = {0, left};
      if (ppoll(&waiting, 1, &wait, NULL) <= 0) continue;
      if (recv(fd, buffers[0], LONGEST, MSG_DONTWAIT) < 0) continue;
      printf("{\"answeredAtMs\":%.3f,\"sent\":%lu}\n", seconds_of(CLOCK_REALTIME) * 1e3, sent);
      return 0;
    }
  }
  fprintf(stderr, "load: no answer within %g s\n", limit);
  return 1;
}

int main(int count, char **words) {
  for (int i = 0; i < BATCH; i++) {
    pieces[i] = (struct iovec){buffers[i], LONGEST};
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const char *mode = count > 1 ? words[1] : "";
  if (count == 5 && !strcmp(mode, "receive")) receive(atoi(words[2]), atof(words[3]), atof(words[4]));
  else if (count == 7 && !strcmp(mode, "send"))
    transmit(words[2], atoi(words[3]), atoi(words[4]), atof(words[5]), atof(words[6]));
  else if (count == 4 && !strcmp(mode, "echo")) echo(atoi(words[2]), atof(words[3]));
  else if (count == 5 && !strcmp(mode, "probe")) return probe(words[2], atoi(words[3]), atof(words[4]));
  else {
    fprintf(stderr, "load: see the head of load.c\n");
    return 2;
  }
  return 0;
}
