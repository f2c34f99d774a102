/**
 * Tests over a real RDMA stack on a machine without an RDMA device: in a virtual machine with Soft-RoCE.
 *
 *     npm run test:soft-roce
 *     node scripts/soft-roce/run.ts --only pingpong
 *     node scripts/soft-roce/run.ts -- ibv_devinfo -v
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ADDRESS, RDMA_DEVICE, runInGuest } from './guest.ts';
import { Unavailable } from './host.ts';
import type { Step } from './initramfs.ts';

const pair = (port: number, ...command: string[]) => [
  'sh',
  'scripts/soft-roce/pair.sh',
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

const steps: Step[] = [
  {
    title: 'the RDMA device is active',
    command: [
      'sh',
      '-c',
      `ibv_devinfo -d ${RDMA_DEVICE} && ibv_devinfo -d ${RDMA_DEVICE} | grep -q PORT_ACTIVE`,
    ],
    timeoutS: 30,
  },
  {
    title: 'verbs: pingpong of reliable connections between two processes',
    // GID 1 is the one made of the IPv4 address.
    command: pair(18515, 'ibv_rc_pingpong', '-d', RDMA_DEVICE, '-g', '1', '-n', '200'),
    timeoutS: 60,
  },
  {
    title: 'libfabric: pingpong of reliable datagrams between two processes',
    command: pair(
      47592,
      ...['fi_pingpong', '-p', PROVIDER, '-e', 'rdm', '-d', RDMA_DEVICE, '-I', '200', '-S', '64'],
    ),
    // The completion queue for libfabric's usual number of peers is larger than the device allows.
    env: { FI_UNIVERSE_SIZE: '4' },
    timeoutS: 60,
  },
  {
    title: 'the conformance suite of the libOS between two processes',
    command: vitest('libos/rdma/conformance.test.ts'),
    env: { RDMA_OPTIONS: OPTIONS },
    timeoutS: 1200,
  },
  {
    title: 'too little locked memory',
    // Without the capability that lifts the limit for root.
    command: [
      'sh',
      '-c',
      `ulimit -l 64; exec setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock node scripts/soft-roce/locked-memory.ts '${OPTIONS}'`,
    ],
    timeoutS: 60,
  },
  {
    title: 'kvserver and the load generator between two processes',
    command: ['node', 'scripts/soft-roce/kvserver-and-load.ts', OPTIONS],
    timeoutS: 300,
  },
];

const EXIT_FAILED = 1;

const usage = `Usage: node scripts/soft-roce/run.ts [options] [-- COMMAND...]

Boots a virtual machine with a Soft-RoCE device (${RDMA_DEVICE}, ${ADDRESS}) on this machine's own files, runs the tests in
it, or COMMAND alone, and powers it off. What it writes is gone afterwards. Installs QEMU and a few packages of
Debian's where they are missing, and fetches a kernel into scripts/soft-roce/cache/ the first time.

  --only TEXT      only the steps with TEXT in their title
  --timeout S      seconds that COMMAND may take (600)
  --console        show the kernel's console as well
  --help

Exit codes: 0 all passed, or all skipped, since QEMU or the kernel cannot be had on this machine (the reason is said);
1 a step or the virtual machine failed; with COMMAND, its own.`;

interface Arguments {
  steps: Step[];
  byHand: boolean;
  showConsole: boolean;
}

/** Returns null when help was all that was asked for. */
function readArguments(): Arguments | null {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string', default: '' },
      timeout: { type: 'string', default: '600' },
      console: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const showConsole = values.console;
  if (positionals.length > 0) {
    const timeoutS = Number(values.timeout);
    if (!(timeoutS > 0)) throw new Error(`--timeout takes a number of seconds, not '${values.timeout}'`);
    const step = { title: positionals.join(' '), command: positionals, timeoutS };
    return { steps: [step], byHand: true, showConsole };
  }
  const chosen = steps.filter(({ title }) => title.includes(values.only));
  if (chosen.length === 0) {
    const titles = steps.map(({ title }) => `  ${title}`).join('\n');
    throw new Error(`no step has '${values.only}' in its title; they are:\n${titles}`);
  }
  return { steps: chosen, byHand: false, showConsole };
}

async function main(): Promise<number> {
  const wanted = readArguments();
  if (wanted === null) {
    console.log(usage);
    return 0;
  }
  const startedMs = performance.now();
  const project = join(import.meta.dirname, '..', '..');
  const results = await runInGuest({ steps: wanted.steps, project, showConsole: wanted.showConsole });
  if (wanted.byHand) return results[0].exitCode;

  const failed = results.filter(({ passed }) => !passed);
  const elapsedS = (performance.now() - startedMs) / 1000;
  console.log(
    `\n${results.length - failed.length} passed, ${failed.length} failed in ${elapsedS.toFixed(0)} s`,
  );
  for (const { title } of failed) console.log(`  failed: ${title}`);
  return failed.length === 0 ? 0 : EXIT_FAILED;
}

try {
  process.exitCode = await main();
} catch (error) {
  const skipped = error instanceof Unavailable;
  console.error(`${skipped ? 'SKIPPED' : 'soft-roce'}: ${error instanceof Error ? error.message : error}`);
  process.exitCode = skipped ? 0 : EXIT_FAILED;
}
