/*
 * Honest mobile nodes behind NATs, each with a source address of its own: nodes AGENT COUNT SECONDS REFRESH_SECONDS
 * PACKETS_PER_SECOND. All register within the first REFRESH_SECONDS, and again each so many seconds: every tenth time from
 * another address, as after a move. An update that is not answered is sent again after 1 second, three times. Meanwhile
 * they send packets of 200 octets to each other, PACKETS_PER_SECOND in all; the next node but one gets what one sends.
 *
 * Prints when it began, and a JSON object for each second, when all of its registrations are decided: registrations begun, how many
 * milliseconds each took to a proven answer that accepts it; answers that refuse, and their octets; packets sent and received.
 */
#include "wire.h"
#include "batch.h"
#include <poll.h>

#define DATA_OCTETS 200
#define MOST_NODES 20000
#define MOST_SECONDS 1024
#define MOST_TIMES 4096
#define TRIES 4
#define RETRY_SECONDS 1.0
#define DECIDED_AFTER 5
#define LIFETIME_UNITS 100

static const uint8_t key[KEY_OCTETS] = {7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};

static struct node {
  double due, begun;
  uint16_t sequence;
  uint8_t tries, moves, registered;
} nodes[MOST_NODES];

static struct second {
  uint32_t begun, answered, again, refused, refused_octets, sent, received;
  float milliseconds[MOST_TIMES];
} seconds[MOST_SECONDS];

static struct sockaddr_in names[BATCH];
static union {
  struct cmsghdr header;
  char octets[CMSG_SPACE(sizeof(struct in_pktinfo))];
} controls[BATCH];
static int count;
static double start;

static struct second *second_of(double time) { return &seconds[(int)(time - start) % MOST_SECONDS]; }

/* 10.64.0.0 and on; 10.65.0.0 and on after a move. */
static uint32_t address_of(uint32_t node) { return 0x0a400000 + ((uint32_t)(nodes[node].moves & 1) << 16) + node; }

static void queue(uint32_t node, size_t octets) {
  struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(address_of(node))};
  controls[waiting].header = (struct cmsghdr){CMSG_LEN(sizeof info), IPPROTO_IP, IP_PKTINFO};
  memcpy(CMSG_DATA(&controls[waiting].header), &info, sizeof info);
  vectors[waiting] = (struct iovec){packets[waiting], octets};
  messages[waiting].msg_hdr = (struct msghdr){
      .msg_name = &agent,
      .msg_namelen = sizeof agent,
      .msg_iov = &vectors[waiting],
      .msg_iovlen = 1,
      .msg_control = &controls[waiting],
      .msg_controllen = sizeof controls[waiting]};
  if (++waiting == BATCH) flush();
}

static void update(uint32_t number, double time) {
  struct node *node = &nodes[number];
  char name[64];
  snprintf(name, sizeof name, "mn%u@example.org", number);
  node->sequence++;
  struct update update = {number, name, node->sequence, LIFETIME_UNITS, key};
  queue(number, write_update(packets[waiting], &update));
  node->tries++;
  node->due = time + RETRY_SECONDS;
}

static void pass_time(double time, double refresh) {
  for (int number = 0; number < count; number++) {
    struct node *node = &nodes[number];
    if (node->due > time) continue;
    if (node->tries == TRIES) {
      node->tries = 0;
      node->due = node->begun + refresh;
      continue;
    }
    struct second *second = second_of(node->tries ? node->begun : time);
    if (node->tries == 0) {
      node->begun = time;
      second->begun++;
      if (node->registered && chance() % 10 == 0) node->moves++;
    } else second->again++;
    update(number, time);
  }
}

/* An answer to the update that waits: is it accepted, and proven? */
static int is_accepted(uint32_t number, const uint8_t *header, size_t octets) {
  uint8_t home[16], proof[PROOF_OCTETS];
  if (nodes[number].tries == 0 || octets < 12 + PROOF_OCTETS || header[6] >= 128) return 0;
  if (get16(header + 8) != nodes[number].sequence) return 0;
  home_address(home, number);
  prove(key, home, header, octets - PROOF_OCTETS, proof);
  return memcmp(proof, header + octets - PROOF_OCTETS, PROOF_OCTETS) == 0;
}

static void receive(double refresh) {
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){packets[i], sizeof packets[i]};
    messages[i].msg_hdr = (struct msghdr){
        .msg_name = &names[i],
        .msg_namelen = sizeof names[i],
        .msg_iov = &vectors[i],
        .msg_iovlen = 1,
        .msg_control = &controls[i],
        .msg_controllen = sizeof controls[i]};
  }
  int got = recvmmsg(descriptor, messages, BATCH, MSG_DONTWAIT, NULL);
  double time = now(CLOCK_MONOTONIC);
  for (int i = 0; i < got; i++) {
    struct in_pktinfo info;
    memcpy(&info, CMSG_DATA(&controls[i].header), sizeof info);
    uint32_t number = ntohl(info.ipi_addr.s_addr) & 0xffff;
    size_t octets = messages[i].msg_len;
    if (number >= (uint32_t)count || octets < 48 || names[i].sin_addr.s_addr != agent.sin_addr.s_addr) continue;
    if (packets[i][6] == 17) second_of(time)->received++;
    if (packets[i][6] != 135) continue;
    struct node *node = &nodes[number];
    struct second *second = second_of(node->begun);
    if (!is_accepted(number, packets[i] + 40, octets - 40)) {
      second_of(time)->refused++;
      second_of(time)->refused_octets += octets + 28;
      continue;
    }
    if (second->answered < MOST_TIMES) second->milliseconds[second->answered] = 1000 * (time - node->begun);
    second->answered++;
    node->registered = 1;
    node->tries = 0;
    node->due = node->begun + refresh;
  }
}

static void print(int number) {
  struct second *second = &seconds[number % MOST_SECONDS];
  printf("{\"second\":%d,\"begun\":%u,\"answered\":%u,\"again\":%u,\"refused\":%u,\"refusedOctets\":%u,\"sent\":%u,\"received\":%u,\"milliseconds\":[",
         number, second->begun, second->answered, second->again, second->refused, second->refused_octets, second->sent, second->received);
  for (uint32_t i = 0; i < second->answered && i < MOST_TIMES; i++) printf("%s%.2f", i ? "," : "", second->milliseconds[i]);
  printf("]}\n");
  fflush(stdout);
  memset(second, 0, sizeof *second);
}

int main(int words, char **word) {
  if (words != 6 || inet_pton(AF_INET, word[1], &agent.sin_addr) != 1) return 2;
  count = atoi(word[2]);
  double limit = atof(word[3]), refresh = atof(word[4]), rate = atof(word[5]);
  if (count > MOST_NODES) return 2;
  int octets = 16 << 20, on = 1;
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(NODE_PORT)};
  agent.sin_port = htons(AGENT_PORT);
  descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&own, sizeof own)) fail("bind");
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof octets);
  setsockopt(descriptor, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  start = now(CLOCK_MONOTONIC);
  printf("{\"startedMs\":%.0f}\n", 1000 * now(CLOCK_REALTIME));
  fflush(stdout);
  for (int i = 0; i < count; i++) nodes[i].due = start + refresh * i / count;
  uint64_t total = 0;
  double data_start = start + refresh + 1, looked = 0;
  int printed = 0;
  while (1) {
    double time = now(CLOCK_MONOTONIC);
    if (time - start >= limit) return 0;
    if (time - looked >= 0.001) {
      pass_time(time, refresh);
      looked = time;
      for (int burst = 0; burst < 4096 && total < (time - data_start) * rate; burst++, total++) {
        uint32_t from = total % count, to = (from + 2) % count;
        uint8_t source[16], destination[16];
        second_of(time)->sent++;
        home_address(source, from);
        home_address(destination, to);
        queue(from, write_data(packets[waiting], source, destination, DATA_OCTETS, total));
      }
      flush();
    }
    if (time - start >= printed + 1 + DECIDED_AFTER) print(printed++);
    struct pollfd ready = {descriptor, POLLIN, 0};
    if (poll(&ready, 1, 1) > 0) receive(refresh);
  }
}
