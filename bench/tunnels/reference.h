/* What the files of the reference forwarder share: see reference.c. */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

extern int tun_fd;
extern int socket_fd;
/* Where to send to, where the socket is not connected; otherwise of no length. */
extern struct sockaddr_storage peer;
extern socklen_t peer_length;

static inline void fail(const char *what) {
  perror(what);
  exit(1);
}

/* Prepares the TUN device and the socket for large packets. */
void gso_open(void);
/* Take all that is there, up to a batch. */
void gso_from_tun(void);
void gso_from_socket(void);
