/** What is run over the guest's RDMA device. */
import { ADDRESS, RDMA_DEVICE } from './guest.ts';
import type { Step } from './initramfs.ts';

const pair = (port: number, ...command: string[]) => [
  'sh',
  'scripts/guest/pair.sh',
  `${port}`,
  ADDRESS,
  ...command,
];

const PROVIDER = 'verbs;ofi_rxm';
const OPTIONS = `provider=${PROVIDER},address=${ADDRESS},device=${RDMA_DEVICE}`;

/** Tests of the project, over the guest's RDMA device; emulated, they take twenty times as long. */
const vitest = (file: string) => [
  ...['node', 'node_modules/vitest/vitest.mjs', 'run', '--reporter=verbose', '--testTimeout=240000'],
  file,
];

export const softRoceSteps: Step[] = [
  {
    title: 'soft-roce: the RDMA device is active',
    command: [
      'sh',
      '-c',
      `ibv_devinfo -d ${RDMA_DEVICE} && ibv_devinfo -d ${RDMA_DEVICE} | grep -q PORT_ACTIVE`,
    ],
    timeoutS: 30,
  },
  {
    title: 'soft-roce: verbs: pingpong of reliable connections between two processes',
    // GID 1 is the one made of the IPv4 address.
    command: pair(18515, 'ibv_rc_pingpong', '-d', RDMA_DEVICE, '-g', '1', '-n', '200'),
    timeoutS: 60,
  },
  {
    title: 'soft-roce: libfabric: pingpong of reliable datagrams between two processes',
    command: pair(
      47592,
      ...['fi_pingpong', '-p', PROVIDER, '-e', 'rdm', '-d', RDMA_DEVICE, '-I', '200', '-S', '64'],
    ),
    // The completion queue for libfabric's usual number of peers is larger than the device allows.
    env: { FI_UNIVERSE_SIZE: '4' },
    timeoutS: 60,
  },
  {
    title: 'soft-roce: the conformance suite of the libOS between two processes',
    command: vitest('libos/rdma/conformance.test.ts'),
    env: { RDMA_OPTIONS: OPTIONS },
    timeoutS: 1200,
  },
  {
    title: 'soft-roce: too little locked memory',
    // Without the capability that lifts the limit for root.
    command: [
      'sh',
      '-c',
      `ulimit -l 64; exec setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock node scripts/guest/locked-memory.ts '${OPTIONS}'`,
    ],
    timeoutS: 60,
  },
  {
    title: 'soft-roce: kvserver and the load generator between two processes',
    command: ['node', 'scripts/guest/kvserver-and-load.ts', 'rdma', '127.0.0.1', OPTIONS, OPTIONS],
    timeoutS: 300,
  },
];
