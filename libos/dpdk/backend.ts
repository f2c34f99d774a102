/** What the house knows of the libOS over DPDK; create.ts puts it together. */
import { BACKEND_API_VERSION, type BackendDescriptor } from '../backend-descriptor.ts';
import { createLater } from '../create-later.ts';
import type { DoctorFinding } from '../finding.ts';
import { glue } from './glue.ts';
import { DEFAULT_DEVICE, dpdkOptions, NAME } from './options.ts';
import { dpdkPair } from './pair.ts';

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
  pairing: { about: DEFAULT_DEVICE, ends: dpdkPair },
  // As the doctor names them: each NIC has a finding.
  needs: ({ device = DEFAULT_DEVICE, pci }) =>
    device === 'pci' && pci !== undefined ? `pci ${pci.toLowerCase()}` : device,
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
