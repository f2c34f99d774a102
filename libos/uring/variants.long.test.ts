/** The conformance suite on the backend uring in its other modes: sends without copies, a thread of the kernel's. */
import { availableParallelism } from 'node:os';
import { describe } from 'vitest';
import { conformanceCases } from '../conformance/suite.ts';
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

/** Of the test and of the threads of both sides. */
const CORES = 3;
const NEEDS_CORES = 'leave at once, though the peer has not acknowledged those before them';

// Threads that poll for long leave two cores to nobody else: these sleep soon. What leaves when, in polls, is not told
// where a thread must wait for a core that polls.
describe.runIf(hasRing('io_uring sqpoll'))('where the kernel gives it a thread', () => {
  const hasCores = availableParallelism() >= CORES;
  conformanceSuite(
    'uring, sqpoll',
    both({ sqpoll: 'yes', sqpoll_idle_ms: '1' }, uringTraits.acknowledges),
    conformanceCases.filter(({ name }) => hasCores || name !== NEEDS_CORES),
  );
});
