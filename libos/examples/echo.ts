/** An echo server on the libOS: what comes over a stream, or as a datagram, goes back as it came, uncopied. */
import type { Libos } from '../index.ts';
import type { Service } from './service.ts';

export function echo(libos: Libos, { kind, endpoint, ready, stopped }: Service): void {
  const server = libos.socket(kind);
  libos.bind(server, endpoint);
  if (kind === 'stream') {
    libos.listen(server, 128);
    libos.accept(server);
  } else for (let i = 0; i < 32; i++) libos.pop(server);
  ready(libos.localEndpoint(server));
  while (!stopped()) {
    const count = libos.waitNext(64, 1);
    for (let i = 0; i < count; i++) {
      const { operation, qd, error, sga, newQd, peerAddress, peerPort } = libos.completions[i];
      if (operation === 'accept') {
        libos.accept(server);
        if (error === null) libos.pop(newQd);
      } else if (operation === 'pop' && sga !== null) {
        if (kind === 'stream') libos.push(qd, sga);
        else libos.pushTo(qd, sga, { address: peerAddress, port: peerPort });
        libos.free(sga); // once it is sent
      } else if (kind === 'datagram' || (operation === 'push' && error === null)) {
        libos.pop(qd); // only now, so that a peer that does not read is not read either
      } else {
        libos.close(qd);
      }
    }
  }
}
