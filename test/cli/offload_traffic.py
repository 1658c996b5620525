"""Traffic of ordinary programs through a tunnel, compared at its far end.

offload_traffic.py NODE_NAMESPACE HOME_ADDRESS, then NAMESPACE ADDRESS HOPS of each peer; all addresses are of one version.
Each line of standard input is a command, each line of standard output its answer in JSON:
  udp       to each peer and back: what was sent, packets and their octets; "fault" where something else came
  tcp       a connection with each peer at once, both ways at once
"""

import ctypes, hashlib, json, random, socket, struct, sys, threading

CLONE_NEWNET = 0x40000000
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
SOL_UDP, UDP_SEGMENT, UDP_GRO = 17, 103, 104
TCP_OCTETS = 4 << 20
IP_RECVTOS, IP_RECVTTL = 13, 12

libc = ctypes.CDLL(None, use_errno=True)


class Ipv6:
    """What is different in each version; octets where the tunnel carries 1472."""

    family = socket.AF_INET6
    level = socket.IPPROTO_IPV6
    traffic_class, hop_limit = socket.IPV6_TCLASS, socket.IPV6_HOPLIMIT
    receive_options = socket.IPV6_RECVTCLASS, socket.IPV6_RECVHOPLIMIT
    # The longest datagram; all headers in front of its content; data octets of a fragment, and its headers.
    largest, headers, fragment, fragment_headers = 1424, 48, 1424, 48


class Ipv4:
    family = socket.AF_INET
    level = socket.IPPROTO_IP
    traffic_class, hop_limit = socket.IP_TOS, socket.IP_TTL
    receive_options = IP_RECVTOS, IP_RECVTTL
    largest, headers, fragment, fragment_headers = 1444, 28, 1448, 20


def number_of(data):
    """Of a control message: the type of service has one octet."""
    return int.from_bytes(data, sys.byteorder)


def open_socket(namespace, kind, address):
    """A socket keeps the namespace that it was opened in."""
    with open("/proc/thread-self/ns/net") as outside, open("/run/netns/" + namespace) as inside:
        libc.setns(inside.fileno(), CLONE_NEWNET)
        opened = socket.socket(ip.family, kind)
        libc.setns(outside.fileno(), CLONE_NEWNET)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.settimeout(5)
    if kind == socket.SOCK_DGRAM:
        for option in SO_SNDBUFFORCE, SO_RCVBUFFORCE:
            opened.setsockopt(socket.SOL_SOCKET, option, 16 << 20)
        for option in ip.receive_options:
            opened.setsockopt(ip.level, option, 1)
    opened.bind((address, 7))
    return opened


class Datagrams:
    """What one socket sends to another: each datagram with its traffic class and hop limit."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.messages, self.expected = [], []
        # Runs of one size, so that they may be merged, each run with a shorter one behind it.
        for size in [1, 2, 3, *range(17, ip.largest, 67), ip.largest - 1, ip.largest]:
            for _ in range(self.random.randrange(1, 7)):
                self.add(size)
            self.add(self.random.randrange(1, size + 1))
        # Alike but for ECN, DSCP and hop limit, which change at different places.
        for number in range(48):
            self.add(900, number // 3 % 4, 64 - number // 5 % 3)
        for traffic_class in range(0, 256, 5):
            self.add(700, traffic_class, 10 + traffic_class // 2)
        # The kernel cuts one message.
        for size, segments, traffic_class in (1000, 20, 0), (ip.largest, 40, 2), (500, 64, 0xB9), (1, 30, 1):
            self.add(size * segments - size // 3, traffic_class, 64, size)
        # The kernel fragments.
        for _ in range(3):
            self.add(4000)
            self.add(1000)

    def add(self, size, traffic_class=0, hop_limit=64, segment=0):
        content = self.random.randbytes(size)
        self.messages.append((content, traffic_class, hop_limit, segment))
        for at in range(0, size, segment or size):
            self.expected.append((content[at : at + (segment or size)], traffic_class, hop_limit))

    def send(self, sender, address):
        for content, traffic_class, hop_limit, segment in self.messages:
            controls = [
                (ip.level, ip.traffic_class, struct.pack("i", traffic_class)),
                (ip.level, ip.hop_limit, struct.pack("i", hop_limit)),
            ]
            if segment:
                controls.append((SOL_UDP, UDP_SEGMENT, struct.pack("H", segment)))
            sender.sendmsg([content], controls, 0, (address, 7))

    def receive(self, receiver, hops):
        """Why what comes is not what was sent, and how many reads had several datagrams."""
        merged, number = 0, 0
        while number < len(self.expected):
            try:
                content, controls, _, _ = receiver.recvmsg(65536, 256)
            except TimeoutError:
                return f"only {number} of {len(self.expected)} datagrams", merged
            values = {(level, kind): number_of(data) for level, kind, data in controls}
            traffic_class = values[ip.level, ip.traffic_class]
            hop_limit = values[ip.level, ip.hop_limit] + hops
            segment = values.get((SOL_UDP, UDP_GRO)) or len(content)
            merged += len(content) > segment
            for at in range(0, len(content), segment):
                got = content[at : at + segment], traffic_class, hop_limit
                if got != self.expected[number]:
                    size, *fields = self.expected[number]
                    return f"datagram {number}: {len(size)} {fields} is {len(got[0])} {got[1:]}", merged
                number += 1
        receiver.setblocking(False)
        try:
            return f"{len(receiver.recv(65536))} octets more than were sent", merged
        except BlockingIOError:
            return "", merged

    def cost(self):
        """Packets, and octets of packets."""
        packets, octets = 0, 0
        for content, _, _ in self.expected:
            is_whole = len(content) <= ip.largest
            fragments = 1 if is_whole else -(-(8 + len(content)) // ip.fragment)
            packets += fragments
            octets += len(content) + (ip.headers if is_whole else 8 + fragments * ip.fragment_headers)
        return packets, octets


def udp(node, peers, seed):
    answer = {"fault": "", "merged": 0, "toPeers": [0, 0], "fromPeers": [0, 0]}
    for number, (namespace, address, hops) in enumerate(peers):
        ends = [open_socket(where, socket.SOCK_DGRAM, name) for where, name in (node, (namespace, address))]
        for way, (sender, receiver, to) in enumerate([(0, 1, address), (1, 0, node[1])]):
            # Programs that take merged datagrams, and programs that do not.
            ends[receiver].setsockopt(SOL_UDP, UDP_GRO, int(number == 0))
            datagrams = Datagrams(seed + 2 * number + way)
            sending = threading.Thread(target=datagrams.send, args=(ends[sender], to))
            sending.start()
            fault, merged = datagrams.receive(ends[receiver], hops)
            sending.join()
            answer["merged"] += merged
            if fault:
                answer["fault"] += f"{address}, {'from' if way else 'to'} it: {fault}\n"
            ends[receiver].settimeout(5)
            total = answer["fromPeers" if way else "toPeers"]
            total[:] = [one + other for one, other in zip(total, datagrams.cost())]
        for end in ends:
            end.close()
    return answer


def digest(content):
    return hashlib.sha256(content).hexdigest()


def receive_all(connection, digests, key):
    received = hashlib.sha256()
    try:
        while chunk := connection.recv(1 << 18):
            received.update(chunk)
        digests[key] = received.hexdigest()
    except OSError as error:
        digests[key] = str(error)


def send_all(connection, content):
    connection.sendall(content)
    connection.shutdown(socket.SHUT_WR)


def tcp(node, peers, seed):
    threads, digests, expected, opened = [], {}, {}, []
    for number, (namespace, address, _) in enumerate(peers):
        listener = open_socket(namespace, socket.SOCK_STREAM, address)
        listener.listen()
        client = open_socket(node[0], socket.SOCK_STREAM, node[1])
        client.connect((address, 7))
        server, _ = listener.accept()
        server.settimeout(5)
        opened += [listener, client, server]
        for way, (sender, receiver) in enumerate([(client, server), (server, client)]):
            content = random.Random(seed + 2 * number + way).randbytes(TCP_OCTETS >> number)
            key = f"{address}, {'from' if way else 'to'} it"
            expected[key] = digest(content)
            threads.append(threading.Thread(target=send_all, args=(sender, content)))
            threads.append(threading.Thread(target=receive_all, args=(receiver, digests, key)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in opened:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        each.close()
    wrong = [f"{key}: {digests.get(key)}" for key in expected if digests.get(key) != expected[key]]
    return {"fault": "\n".join(wrong)}


_, node_namespace, home_address, *words = sys.argv
the_node = node_namespace, home_address
ip = Ipv6 if ":" in home_address else Ipv4
the_peers = [(words[at], words[at + 1], int(words[at + 2])) for at in range(0, len(words), 3)]
for run, line in enumerate(sys.stdin):
    command = {"udp": udp, "tcp": tcp}[line.strip()]
    print(json.dumps(command(the_node, the_peers, 100 * run)), flush=True)
