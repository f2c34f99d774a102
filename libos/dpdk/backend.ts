/** What the house knows of the libOS over DPDK; create.ts puts it together. */
import { join } from 'node:path';
import { BACKEND_API_VERSION, type BackendDescriptor } from '../backend-descriptor.ts';
import { createLater } from '../create-later.ts';
import type { DoctorFinding } from '../finding.ts';
import { glue } from './glue.ts';
import { DEFAULT_DEVICE, dpdkOptions, NAME } from './options.ts';

const SERVER_ADDRESS = '10.99.0.1';
const CLIENT_ADDRESS = '10.99.0.2';

export const dpdkBackend: BackendDescriptor = {
  name: NAME,
  apiVersion: BACKEND_API_VERSION,
  title: 'DPDK',
  ...createLater(NAME, () => import('./create.ts')),
  // A process has one device, which one thread polls.
  capabilities: { datagrams: true, moments: true, wakes: false, threads: false, connectionsAreFiles: false },
  defaultBind: '0.0.0.0',
  acknowledges: 'libos',
  socketOptions: true,
  options: dpdkOptions,
  pairing: {
    about: DEFAULT_DEVICE,
    ends(folder, given) {
      const { device = DEFAULT_DEVICE } = given;
      if (device !== DEFAULT_DEVICE) {
        return `two ends of DPDK on one machine reach each other over ${DEFAULT_DEVICE} alone`;
      }
      const both = { device, socket: join(folder, 'memif.sock'), ...given };
      return {
        address: SERVER_ADDRESS,
        server: { ...both, role: 'server', ip: `${SERVER_ADDRESS}/24` },
        client: { ...both, role: 'client', ip: `${CLIENT_ADDRESS}/24` },
      };
    },
  },
  needs: ({ device = DEFAULT_DEVICE }) => device,
  async *examine(): AsyncGenerator<DoctorFinding> {
    const { examineDpdk } = await import('./doctor.ts');
    yield* examineDpdk();
  },
  versions: () => ({
    DPDK: glue()
      .dpdkVersion()
      .replace(/^DPDK /, ''),
  }),
};
