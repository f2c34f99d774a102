/** Raw Ethernet frames there and back over memif, one in flight, TypeScript on both sides: what our stack stands on. */
import { join } from 'node:path';
import { runPair } from './pair.ts';
import { CLIENT_CORE, SERVER_CORE } from './servers.ts';

/** Ethernet, IPv4 and TCP with timestamps: what our stack puts before a message. */
export const FRAME_HEADER_BYTES = 66;

const program = join(import.meta.dirname, '..', '..', 'libos', 'dpdk', 'frame-peer.ts');

export async function rawFrames(frameBytes: number, rounds: number): Promise<{ p50_us: number }> {
  const said = await runPair((folder) => {
    const socket = join(folder, 'memif.sock');
    const node = [process.execPath, program];
    return {
      server: [...node, 'server', socket, `${SERVER_CORE}`],
      client: [...node, 'client', socket, `${CLIENT_CORE}`, `${frameBytes}`, `${rounds}`],
    };
  });
  return JSON.parse(said.client);
}
