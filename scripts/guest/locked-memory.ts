/**
 * What the backend rdma says where it may not lock memory enough for its device; run with a low limit and without
 * CAP_IPC_LOCK. Ends with an error unless it says how much it may lock and what to do.
 *
 *     ulimit -l 64; setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock node locked-memory.ts
 *     'provider=verbs;ofi_rxm'
 */
import assert from 'node:assert/strict';
import { type BackendOptions, LibosError, openLibos, withBackendOption } from '../../libos/index.ts';

const backendOptions = process.argv[2]
  .split(',')
  .reduce<BackendOptions>((options, text) => withBackendOption(text, options), {});
try {
  await openLibos({ backend: 'rdma', backendOptions });
  assert.fail('it was opened');
} catch (error) {
  assert(error instanceof LibosError, String(error));
  console.log(error.message);
  assert.match(error.code, /BACKEND_UNAVAILABLE|NO_BUFFERS/);
  assert.match(error.message, /may lock 65536 bytes of memory: raise that with ulimit -l unlimited/);
}
