/** What is run over the guest's NICs: device=pci of the backend dpdk. */
import { NICS } from './guest.ts';
import type { Step } from './initramfs.ts';

const [SERVER, CLIENT] = NICS;
const SERVER_ADDRESS = '10.97.0.1';
const CLIENT_ADDRESS = '10.97.0.2';

/** A command for which DPDK may have the NICs. */
const withNics = (...command: string[]): Pick<Step, 'command' | 'env'> => ({
  command: ['sh', 'scripts/guest/with-nics.sh', ...command],
  env: { NICS: NICS.join(' ') },
});

const options = (nic: string, address: string): string => `device=pci,pci=${nic},ip=${address}/24`;

export const pciSteps: Step[] = [
  {
    title: 'pci: doctor takes the NICs from the kernel, and then they work',
    command: ['node', 'libos/dpdk/test-doctor-of-nics.ts', ...NICS],
    timeoutS: 400,
  },
  {
    title: 'pci: kvserver and the load generator between two processes',
    ...withNics(
      ...['node', 'scripts/guest/kvserver-and-load.ts', 'dpdk', SERVER_ADDRESS],
      ...[options(SERVER, SERVER_ADDRESS), options(CLIENT, CLIENT_ADDRESS)],
      'tx_hardware_checksum',
    ),
    timeoutS: 400,
  },
];
