/**
 * Tests over devices that this machine lacks, in a virtual machine that has them: a real RDMA stack (Soft-RoCE), and
 * NICs on the PCI bus.
 *
 *     npm run test:guest
 *     node scripts/guest/run.ts --only pci
 *     node scripts/guest/run.ts -- ibv_devinfo -v
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ADDRESS, NICS, RDMA_DEVICE, runInGuest } from './guest.ts';
import { Unavailable } from './host.ts';
import type { Step } from './initramfs.ts';
import { pciSteps } from './pci.ts';
import { softRoceSteps } from './soft-roce.ts';

const steps: Step[] = [...softRoceSteps, ...pciSteps];

const EXIT_FAILED = 1;

const usage = `Usage: node scripts/guest/run.ts [options] [-- COMMAND...]

Boots a virtual machine with a Soft-RoCE device (${RDMA_DEVICE}, ${ADDRESS}) and two NICs joined by a wire (${NICS.join(', ')})
on this machine's own files, runs the tests in it, or COMMAND alone, and powers it off. What it writes is gone afterwards.
Installs QEMU and a few packages of Debian's where they are missing, and fetches a kernel into scripts/guest/cache/ the
first time. It uses KVM where that starts.

  --only TEXT      only the steps with TEXT in their title, such as soft-roce or pci
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
  console.error(`${skipped ? 'SKIPPED' : 'guest'}: ${error instanceof Error ? error.message : error}`);
  process.exitCode = skipped ? 0 : EXIT_FAILED;
}
