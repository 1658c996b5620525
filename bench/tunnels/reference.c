/*
 * A forwarder that does no more than it must, to show what system calls alone cost: no keys, no signalling, no
 * checks. It carries IPv6 in UDP over IPv4 (udp), IPv6 in IPv4 (p41), IPv6 in IPv6 (ip6) or IPv4 in IPv4 (ipip), in
 * three ways:
 *
 *   plain  one packet a system call
 *   batch  up to 64 datagrams a system call on the socket: sendmmsg, recvmmsg
 *   gso    udp only: packets of up to 64 KB on both sides, see reference_gso.c
 *   server the same by a socket as one needs it who serves many peers at one port, and whose signalling must not wait
 *          behind data: not connected, in a group with a second one that the kernel puts mobility messages into; each
 *          datagram comes with its sender and its type of service
 *
 *   reference DEVICE udp|p41|ip6|ipip plain|batch|gso|server LOCAL REMOTE PORT
 */
#define _GNU_SOURCE
#include "reference.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64
#define LONGEST 2048
#define SOCKET_BUFFER (8 << 20)

int tun_fd;
int socket_fd;
struct sockaddr_storage peer;
socklen_t peer_length;

/* Raw sockets of IPv4 give the outer header, too. */
static int outer_header_in_front;
static uint8_t buffers[BATCH][LONGEST];
static struct iovec pieces[BATCH];
static struct mmsghdr messages[BATCH];

static int outer_header_length(const uint8_t *packet) { return outer_header_in_front ? (packet[0] & 15) * 4 : 0; }

static void write_tun(const uint8_t *packet, int length) {
  int skip = outer_header_length(packet);
  /* What the kernel refuses is lost, as on any link. */
  if (length > skip && write(tun_fd, packet + skip, length - skip) < 0) return;
}

static void plain_from_tun(void) {
  ssize_t length = read(tun_fd, buffers[0], LONGEST);
  if (length > 0 && send(socket_fd, buffers[0], length, 0) < 0) return;
}

static void plain_from_socket(void) {
  ssize_t length = recv(socket_fd, buffers[0], LONGEST, MSG_DONTWAIT);
  if (length > 0) write_tun(buffers[0], length);
}

static void batch_from_tun(void) {
  int count = 0;
  for (ssize_t length; count < BATCH && (length = read(tun_fd, buffers[count], LONGEST)) > 0; count++)
    pieces[count].iov_len = length;
  for (int sent = 0; sent < count;) {
    int now = sendmmsg(socket_fd, messages + sent, count - sent, 0);
    sent += now > 0 ? now : 1;
  }
}

static void batch_from_socket(void) {
  for (int i = 0; i < BATCH; i++) pieces[i].iov_len = LONGEST;
  int count = recvmmsg(socket_fd, messages, BATCH, MSG_DONTWAIT, NULL);
  for (int i = 0; i < count; i++) write_tun(buffers[i], messages[i].msg_len);
}

static void open_tun(const char *name, int flags) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | flags};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  tun_fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (tun_fd < 0 || ioctl(tun_fd, TUNSETIFF, &request)) fail("/dev/net/tun");
}

/* An address of either family. */
union address {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
};

static union address parse_address(const char *text, int port) {
  union address address = {.ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
  if (inet_pton(AF_INET6, text, &address.ipv6.sin6_addr) == 1) return address;
  address = (union address){.ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
  if (inet_pton(AF_INET, text, &address.ipv4.sin_addr) == 1) return address;
  fprintf(stderr, "reference: not an address: %s\n", text);
  exit(2);
}

/* Datagrams of more than 1,280 octets are data; IPv6 with a mobility header next goes to the second socket. */
static void open_group(const union address *here) {
  struct sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),   BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 1280, 5, 0),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),   BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x60, 0, 2),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 135, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),            BPF_STMT(BPF_RET | BPF_K, 1),
  };
  struct sock_fprog program = {sizeof steps / sizeof *steps, steps};
  int on = 1, second = socket(AF_INET, SOCK_DGRAM, 0);
  setsockopt(socket_fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  setsockopt(second, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (bind(socket_fd, &here->any, sizeof *here) || bind(second, &here->any, sizeof *here)) fail("bind");
  if (setsockopt(socket_fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program)) fail("BPF");
  if (setsockopt(socket_fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof on)) fail("IP_RECVTOS");
}

static void open_socket(int protocol, const char *local, const char *remote, int port, int server) {
  int octets = SOCKET_BUFFER, udp = protocol == IPPROTO_UDP;
  union address here = parse_address(local, udp ? port : 0), there = parse_address(remote, udp ? port : 0);
  socket_fd = socket(here.any.sa_family, udp ? SOCK_DGRAM : SOCK_RAW, protocol);
  if (socket_fd < 0) fail("socket");
  if (server) {
    open_group(&here);
    memcpy(&peer, &there.ipv4, peer_length = sizeof there.ipv4);
  } else {
    if (bind(socket_fd, &here.any, sizeof here)) fail("bind");
    if (connect(socket_fd, &there.any, sizeof there)) fail("connect");
  }
  setsockopt(socket_fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
  setsockopt(socket_fd, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof octets);
  outer_header_in_front = !udp && here.any.sa_family == AF_INET;
}

int main(int count, char **words) {
  if (count != 7) {
    fprintf(stderr, "reference: see the head of reference.c\n");
    return 2;
  }
  int protocol = !strcmp(words[2], "udp") ? IPPROTO_UDP : !strcmp(words[2], "ipip") ? IPPROTO_IPIP : IPPROTO_IPV6;
  int batch = !strcmp(words[3], "batch"), server = !strcmp(words[3], "server");
  int gso = server || !strcmp(words[3], "gso");
  open_tun(words[1], gso ? IFF_VNET_HDR : 0);
  open_socket(protocol, words[4], words[5], atoi(words[6]), server);
  if (gso) gso_open();
  for (int i = 0; i < BATCH; i++) {
    pieces[i].iov_base = buffers[i];
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  void (*from_tun)(void) = gso ? gso_from_tun : batch ? batch_from_tun : plain_from_tun;
  void (*from_socket)(void) = gso ? gso_from_socket : batch ? batch_from_socket : plain_from_socket;
  struct pollfd waiting[2] = {{tun_fd, POLLIN, 0}, {socket_fd, POLLIN, 0}};
  for (;;) {
    if (poll(waiting, 2, -1) < 0 && errno != EINTR) fail("poll");
    if (waiting[0].revents) from_tun();
    /* An error that waits on the socket, such as a port that is not open yet, is taken away by receiving it. */
    if (waiting[1].revents) from_socket();
  }
}
