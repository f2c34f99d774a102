/** The conformance suite on the backend uring where it sends without copies. */
import { describe } from 'vitest';
import { conformanceSuite } from '../conformance/test-suite.ts';
import type { TestedBackend } from '../conformance/world.ts';
import { createLibos } from '../every-backend.ts';
import type { LibosOptions } from '../index.ts';
import { hasRing, uringTraits } from './test-traits.ts';

/** Both sides in this process. */
function both(
  backendOptions: LibosOptions['backendOptions'],
  acknowledges: TestedBackend['acknowledges'],
): TestedBackend {
  return {
    ...uringTraits,
    acknowledges,
    create(worldOptions) {
      const options = { ...worldOptions, backend: 'uring', backendOptions, checked: true } as const;
      return { server: createLibos(options), client: createLibos(options), serverAddress: '127.0.0.1' };
    },
  };
}

describe.runIf(hasRing())('where the kernel gives a ring', () => {
  conformanceSuite('uring, without copies', both({ zero_copy_bytes: '1' }, 'device'));
});
