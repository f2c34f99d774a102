/** What the house knows of the libOS over XDP sockets; create.ts puts it together. */
import { release } from 'node:os';
import { join } from 'node:path';
import { BACKEND_API_VERSION, type BackendDescriptor } from '../backend-descriptor.ts';
import { createLater } from '../create-later.ts';
import type { DoctorFinding } from '../finding.ts';
import { LINK_FINDING, NAME, SOCKETS_FINDING, xdpOptions } from './options.ts';

const SERVER_ADDRESS = '10.99.0.1';
const CLIENT_ADDRESS = '10.99.0.2';

export const xdpBackend: BackendDescriptor = {
  name: NAME,
  apiVersion: BACKEND_API_VERSION,
  title: 'XDP sockets',
  ...createLater(NAME, () => import('./create.ts')),
  // A queue of an interface has one socket, and an interface one program.
  capabilities: { datagrams: true, moments: true, wakes: true, threads: false, connectionsAreFiles: false },
  defaultBind: '0.0.0.0',
  acknowledges: 'libos',
  socketOptions: true,
  options: xdpOptions,
  pairing: {
    about: 'a pair of devices',
    ends(folder, given) {
      if (given.interface !== undefined) {
        return 'two ends of xdp on one machine reach each other over a pair of devices of their own, not over an interface';
      }
      const both = { link: join(folder, 'xdp.link'), ...given };
      return {
        address: SERVER_ADDRESS,
        server: { ...both, role: 'server', ip: `${SERVER_ADDRESS}/24` },
        client: { ...both, role: 'client', ip: `${CLIENT_ADDRESS}/24` },
      };
    },
  },
  needs: ({ link }) => (link === undefined ? SOCKETS_FINDING : LINK_FINDING),
  async *examine(): AsyncGenerator<DoctorFinding> {
    const { examineXdp } = await import('./doctor.ts');
    yield* examineXdp();
  },
  // They are a part of the kernel, with which they change.
  versions: () => ({ 'Linux, for XDP sockets': release() }),
};
