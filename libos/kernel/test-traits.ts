/** What the conformance suite asks of a backend, for the kernel's sockets on the loopback interface. */
import { socketBuffers } from '../native/test-socket-buffers.ts';
import { kernelBackend } from './backend.ts';

export const kernelTraits = {
  ...socketBuffers,
  acknowledges: kernelBackend.acknowledges,
  socketOptions: kernelBackend.socketOptions,
} as const;
