/** What the conformance suite asks of a backend, for the kernel's sockets on the loopback interface. */
import type { TestedBackend } from '../conformance/world.ts';
import { createLibos } from '../index.ts';
import { socketBuffers } from '../native/test-socket-buffers.ts';
import { kernelBackend } from './backend.ts';

export const kernelTraits = {
  ...socketBuffers,
  acknowledges: kernelBackend.acknowledges,
  socketOptions: kernelBackend.socketOptions,
} as const;

/** Both sides in this process; asleep, or as each case says. */
export function inOneProcess(idle: 'sleep' | null): TestedBackend {
  return {
    ...kernelTraits,
    create(worldOptions) {
      const options = {
        ...worldOptions,
        backend: 'kernel',
        checked: true,
        idle: idle ?? worldOptions.idle,
      } as const;
      return { server: createLibos(options), client: createLibos(options), serverAddress: '127.0.0.1' };
    },
  };
}
