/** The data path of -I: connections that send nothing. */
import { backendNamed, type DataPathContext, openLibos, PauseLog } from '../../libos/index.ts';
import { COMPLETIONS_PER_WAIT, Connections, WAIT_MS } from '../connections/connections.ts';
import type { LoadOptions } from '../measurement/options.ts';

/** Where they go, and how many there are. */
export type IdleOptions = Pick<
  LoadOptions,
  'target' | 'login' | 'backend' | 'backendOptions' | 'core' | 'connections'
>;

const REPLY_TIMEOUT_S = 10;

/** Entry of the data path. It is ready when all are open, and ends when it is stopped. Throws LoadError, LibosError. */
export async function run(context: DataPathContext<IdleOptions, null>): Promise<null> {
  const { target, login, backend, backendOptions, connections: count } = context.data;
  const idle = backendNamed(backend).capabilities.wakes ? 'sleep' : 'poll';
  const libos = await openLibos({ backend, backendOptions, idle });
  try {
    const connections = new Connections(libos, target, REPLY_TIMEOUT_S, new PauseLog(), login);
    connections.openIdle(count);
    context.ready(null);
    while (!context.stopRequested()) {
      const completed = libos.waitNext(COMPLETIONS_PER_WAIT, WAIT_MS);
      for (let i = 0; i < completed; i++) connections.receiverOf(libos.completions[i]);
    }
    connections.close();
    return null;
  } finally {
    libos.shutdown();
  }
}
