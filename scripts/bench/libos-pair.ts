/** Runs the two ends of libos-peer.ts, each pinned to its core. */
import { join } from 'node:path';
import type { LibosEnd } from './libos-peer.ts';
import { runPair } from './pair.ts';
import { CLIENT_CORE, SERVER_CORE } from './servers.ts';

/** The numbers of the end that measures; `endOf` says what an end's libOS is, given a folder that both may use. */
export async function libosPair(
  roles: { server: string; client: string },
  bytes: number,
  count: number,
  endOf: (role: 'server' | 'client', folder: string) => LibosEnd,
): Promise<Record<string, number>> {
  const program = join(import.meta.dirname, 'libos-peer.ts');
  const said = await runPair((folder) => {
    const command = (core: number, role: 'server' | 'client') => {
      const end = JSON.stringify(endOf(role, folder));
      const args = [program, roles[role], end, `${bytes}`, `${count}`];
      return ['taskset', '-c', `${core}`, process.execPath, ...args];
    };
    return { server: command(SERVER_CORE, 'server'), client: command(CLIENT_CORE, 'client') };
  });
  return JSON.parse(said.client || said.server);
}
