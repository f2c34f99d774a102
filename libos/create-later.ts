/**
 * For a backend whose modules are many: its descriptor is known to every thread, and what makes its transports is
 * loaded by those that make a libOS over it. A load over the kernel needs neither the TCP stack nor RDMA, and starts
 * with a third of the modules. Its descriptor then takes from libos/ what it needs by itself: libos/backend-api.ts has
 * the stack.
 */
import type { BackendDescriptor } from './backend-descriptor.ts';
import { LibosError } from './errors.ts';
import type { CreateBackend } from './transport.ts';

/** `create` and `load` of the descriptor of the backend `name`. */
export function createLater(
  name: string,
  load: () => Promise<{ create: CreateBackend }>,
): Required<Pick<BackendDescriptor, 'create' | 'load'>> {
  let loaded: CreateBackend | null = null;
  return {
    async load() {
      loaded ??= (await load()).create;
    },
    create(host, setup) {
      if (loaded !== null) return loaded(host, setup);
      const detail = `the backend ${name} is not loaded: await openLibos in the place of createLibos`;
      throw new LibosError('INVALID_ARGUMENT', 'createLibos', -1, detail);
    },
  };
}
