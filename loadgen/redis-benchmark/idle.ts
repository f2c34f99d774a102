/** `bypassbench redis-benchmark -I`: opens connections and holds them. */
import { finishedOrSignalled, startDataPath } from '../../libos/index.ts';
import type { IdleOptions } from './idle-path.ts';

/** Until a signal ends it, which is exit code 130. Throws what opening throws, and CONNECTION_LOST. */
export async function holdIdle(options: IdleOptions): Promise<void> {
  console.log(`Creating ${options.connections} idle connections and waiting forever (Ctrl+C when done)`);
  const path = startDataPath<IdleOptions, null, null>(
    new URL('./idle-path.ts', import.meta.url),
    options,
    options.core,
  );
  void path.ready.then(
    () => console.log(`clients: ${options.connections}`),
    () => {},
  );
  await finishedOrSignalled(path);
  process.exitCode = 130;
}
