/** For backends over the kernel's sockets, two of which may have one local port while none of them listens. */
import type { ErrorCode, Libos } from '../index.ts';

/** How two sockets that are bound to the same port connect to the same listener, one after the other. */
export function connectTwiceFromOnePort(libos: Libos): (ErrorCode | null | undefined)[] {
  const any = { address: '127.0.0.1', port: 0 };
  const listener = libos.socket('stream');
  libos.bind(listener, any);
  libos.listen(listener, 4);
  const [first, second] = [libos.socket('stream'), libos.socket('stream')];
  libos.bind(first, any);
  libos.bind(second, libos.localEndpoint(first));
  const peer = libos.localEndpoint(listener);
  return [first, second].map((qd) => libos.wait(libos.connect(qd, peer))?.error);
}
