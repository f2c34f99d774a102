/**
 * A UDP relay on the libOS, as the one of SOSP'21 (section 7.3) in short: it forwards what comes from one socket to
 * another. As with TURN (RFC 8656), who is to get something registers for it: a datagram of two bytes, the port of a
 * socket on the same host in network order, comes from the socket that is to get what that one sends. It comes back
 * as the acknowledgement. What nobody has registered for is dropped.
 */
import type { Destination, Libos } from '../index.ts';
import type { Service } from './service.ts';

const REGISTRATION_BYTES = 2;

export function relay(libos: Libos, { endpoint, ready, stopped }: Service): void {
  const sinks = new Map<number, Destination>();
  const server = libos.socket('datagram');
  libos.bind(server, endpoint);
  for (let i = 0; i < 32; i++) libos.pop(server);
  ready(libos.localEndpoint(server));
  while (!stopped()) {
    const count = libos.waitNext(64, 1);
    for (let i = 0; i < count; i++) {
      const { operation, sga, peerAddress, peerPort } = libos.completions[i];
      if (operation === 'push' || sga === null) {
        libos.pop(server);
        continue;
      }
      const { bytes, offset, length } = sga.segments[0];
      let sink = sinks.get(peerAddress * 65536 + peerPort);
      if (length === REGISTRATION_BYTES) {
        sink = { address: peerAddress, port: peerPort };
        sinks.set(peerAddress * 65536 + bytes[offset] * 256 + bytes[offset + 1], sink);
      }
      if (sink === undefined) libos.pop(server);
      else libos.pushTo(server, sga, sink);
      libos.free(sga); // once it is sent
    }
  }
}
