import { DataPath } from "../../cli/daemon/data_path.ts";
import { ALL_OFFLOADS } from "../../cli/daemon/offloads.ts";
import { Protocol } from "../../core/wire/constants.ts";
import { openRawSocket, openUdpSocket } from "../../ffi/socket.ts";
import { openTun } from "../../ffi/tun.ts";

/**
 * One end of a tunnel without signalling: the data path of a home agent whose only binding never changes. It runs until
 * it is ended.
 *
 *   static_end.ts DEVICE LOCAL REMOTE INNER_REMOTE MTU     outer IPv4 addresses, the other end's inner address, octets
 */

const RECEIVE_BUFFER_OCTETS = 4 << 20;
/** No signalling comes to it. */
const HOME_AGENT_ADDRESS = "2001:db8::1";

const [device, local, remote, innerRemote, mtu] = Deno.args;
const { fileDescriptor, offloads } = openTun({ name: device, offloads: ALL_OFFLOADS.tun });
const openRaw = (protocol: number) =>
  openRawSocket({ protocol, address: local, receiveBufferOctets: RECEIVE_BUFFER_OCTETS }).fileDescriptor;
const dataPath = await DataPath.start({
  role: "homeAgent",
  homeAgentAddress: HOME_AGENT_ADDRESS,
  tunFileDescriptor: fileDescriptor,
  tunOffloads: offloads,
  onSignalling: () => {},
  onFailure: (error) => {
    throw error;
  },
});
await dataPath.setSockets({
  ipv4: {
    udpFileDescriptor: openUdpSocket({ address: local, port: 0, receiveBufferOctets: RECEIVE_BUFFER_OCTETS })
      .fileDescriptor,
    rawIpv6FileDescriptor: openRaw(Protocol.ipv6),
    rawIpv4FileDescriptor: openRaw(Protocol.ipv4),
    outerSource: local,
  },
});
dataPath.bindings.set(innerRemote, { encapsulation: "ipv6InIpv4", address: remote, port: 0 }, Number(mtu));
