/** Starts Redis on the libOS, over one of the backends that a machine without special devices has. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'vitest';
import { type ServerProcess, startKvServer } from './kvserver-processes.ts';
import { Side } from './redis-answers.ts';
import { mayMakeTap } from './rights.ts';
import { LIBOS_ADDRESS, TapNetwork } from './tap-network.ts';

/** Unmodified, of the same build. */
export const REDIS_SERVER = fileURLToPath(new URL('../kvserver/redis/build/redis-server', import.meta.url));

/** Over tap its clients are Linux's own TCP. */
const PORT_BACKENDS = ['kernel', 'tap'] as const;
export type PortBackend = (typeof PORT_BACKENDS)[number];

/** A describe for each of them; over tap where one can be made. */
export function overEachBackend(body: (backend: PortBackend) => void): void {
  for (const backend of PORT_BACKENDS) {
    const isThere = backend !== 'tap' || mayMakeTap();
    describe.runIf(isThere)(`Redis on the libOS over ${backend}`, () => body(backend));
  }
}

export interface PortServer {
  side: Side;
  process: ServerProcess;
  /** Ends it; its exit code. */
  close(): Promise<number | null>;
}

/**
 * `options`: Redis' own; `more`: those of bypassbench. Over tap the calling thread is in another network until the
 * server is closed. What Redis logged is printed when it did not end in good order.
 */
export async function startPort(
  backend: PortBackend,
  options: string[],
  more: string[] = [],
): Promise<PortServer> {
  const network = backend === 'tap' ? new TapNetwork() : null;
  const folder = mkdtempSync(join(tmpdir(), 'redis-port-'));
  const log = join(folder, 'redis.log');
  const end = async (code: number | null) => {
    if (code !== 0) console.error(readFileSync(log, 'utf8'));
    rmSync(folder, { recursive: true });
    await network?.close();
  };
  try {
    const device = Object.entries(network?.backendOptions() ?? {});
    const flags = device.flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const names = ['--backend', network === null ? 'kernel' : 'dpdk', ...flags, ...more, '--engine', 'redis'];
    const places = ['--', '--dir', folder, '--logfile', log, '--save', ''];
    const process = await startKvServer('libos', [...names, ...places, ...options]);
    network?.connectLinux();
    const side = await Side.open(process.port, network === null ? '127.0.0.1' : LIBOS_ADDRESS);
    return {
      side,
      process,
      async close() {
        side.close();
        const { code } = await process.stop();
        await end(code);
        return code;
      },
    };
  } catch (error) {
    await end(null);
    throw error;
  }
}
