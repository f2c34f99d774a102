/** What the conformance suite asks of the backend xdp, over pairs of devices; and these pairs. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BackendOptions } from '../backend-options.ts';
import type { TwoSides } from '../conformance/two-processes.ts';
import type { WorldOptions } from '../conformance/world.ts';
import { defaultTcpOptions } from '../inet/tcp/options.ts';
import { xdpBackend } from './backend.ts';

/** Linux' own for a pair of devices. */
const MTU = 1500;

export const xdpTraits = {
  unreadBytes: defaultTcpOptions.receiveWindowBytes,
  datagramBytes: MTU - 28,
  acknowledges: xdpBackend.acknowledges,
  socketOptions: xdpBackend.socketOptions,
} as const;

/** The two ends of each world, with their links in `folder`: two worlds may be alive at once. */
export function pairsIn(folder: string, given: BackendOptions = {}): (options: WorldOptions) => TwoSides {
  let worlds = 0;
  return (options) => {
    const own = join(folder, `${worlds++}`);
    mkdirSync(own);
    const ends = xdpBackend.pairing!.ends(own, { packet_buffers: '4096', ...given });
    if (typeof ends === 'string') throw new Error(ends);
    const side = { ...options, backend: xdpBackend.name, checked: true } as const;
    return {
      server: { ...side, backendOptions: ends.server },
      client: { ...side, backendOptions: ends.client },
      serverAddress: ends.address,
      clientAddress: ends.client.ip.split('/')[0],
    };
  };
}
