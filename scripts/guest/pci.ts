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

/** Of commands that have both ends. */
const bothEnds = ['--backend', 'dpdk', '-o', 'device=pci', '-o', `pci=${SERVER}`, '-o', `peer_pci=${CLIENT}`];

/**
 * Groups of the conformance suite in which a NIC has a part. Left out is what moves bytes by the megabyte ("push and
 * pop", "close behind pushes", "pushes", "without memory to receive into"), which takes minutes where the processor is
 * emulated, and what concerns the core and the stack alone: over memif all of it runs.
 */
const core = [
  'sockets',
  'bind and listen',
  'connect and accept',
  'ends of connections',
  'datagrams',
  'close of a listener',
  'shutdown of a libOS',
  'sleeping while nothing happens',
];

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
  {
    title: 'pci: the core of the conformance suite between two processes',
    ...withNics(
      ...['node', 'bin/bypassbench.ts', 'conform', '--processes', '2', '--open-timeout-s', '60', ...bothEnds],
      ...['--only', `^(${core.join('|')}): `],
    ),
    timeoutS: 600,
  },
  {
    title: 'pci: calibration of the load generator between two processes',
    // The null server's process is kept to the other processor.
    ...withNics(
      ...['taskset', '-c', '0', 'node', 'bin/bypassbench.ts', 'calibrate', ...bothEnds],
      ...['--core', '1', '--server-core', '0', '--duration-s', '0.2'],
    ),
    timeoutS: 400,
  },
];
