/* What nodes.c and attack.c have to send to the agent: up to BATCH packets wait, and go with one system call. */

#define BATCH 64

static struct mmsghdr messages[BATCH];
static struct iovec vectors[BATCH];
static uint8_t packets[BATCH][MOST_OCTETS];
static struct sockaddr_in agent = {.sin_family = AF_INET};
static int descriptor, waiting;

static void flush(void) {
  for (int at = 0; at < waiting;) {
    int sent = sendmmsg(descriptor, messages + at, waiting - at, 0);
    if (sent < 0) fail("sendmmsg");
    at += sent;
  }
  waiting = 0;
}
