/**
 * The `bypassbench` command: picks the part of the house that a subcommand belongs to and lets it parse its
 * own arguments. Parts are imported only when asked for, so that a server starts without the plotting code.
 *
 * An error with a string `code` is one its reader can act on: its message is printed alone, exit code 1.
 * Anything else is a fault of ours: stack trace, exit code 70 (EX_SOFTWARE).
 */
import { Command } from 'commander';

interface Part {
  command(): Command;
}

async function example(name: 'echo' | 'sink' | 'relay'): Promise<Part> {
  const { exampleCommand } = await import('../libos/examples/command.ts');
  return { command: () => exampleCommand(name) };
}

const parts: Record<string, () => Promise<Part>> = {
  list: () => import('../experiments/commands/list.ts'),
  systems: () => import('../experiments/commands/systems.ts'),
  config: () => import('../experiments/commands/config.ts'),
  run: () => import('../experiments/commands/run.ts'),
  goals: () => import('../experiments/commands/goals.ts'),
  performance: () => import('../results/commands/performance.ts'),
  report: () => import('../results/commands/report.ts'),
  plot: () => import('../results/commands/plot.ts'),
  stages: () => import('../results/commands/stages.ts'),
  claims: () => import('../results/commands/claims.ts'),
  compare: () => import('../results/commands/compare.ts'),
  export: () => import('../results/commands/export.ts'),
  bundle: () => import('../results/commands/bundle.ts'),
  serve: () => import('../kvserver/command.ts'),
  echo: () => example('echo'),
  sink: () => example('sink'),
  relay: () => example('relay'),
  load: () => import('../loadgen/command.ts'),
  memtier: () => import('../loadgen/memtier/command.ts'),
  'redis-benchmark': () => import('../loadgen/redis-benchmark/command.ts'),
  meter: () => import('../loadgen/meter/command.ts'),
  trace: () => import('../loadgen/trace/command.ts'),
  knee: () => import('../loadgen/knee/command.ts'),
  calibrate: () => import('../loadgen/calibrate/command.ts'),
  floor: () => import('../loadgen/floor/command.ts'),
  distance: () => import('../experiments/commands/distance.ts'),
  wire: () => import('../experiments/commands/wire.ts'),
  lab: () => import('../experiments/commands/lab.ts'),
  agent: () => import('../experiments/commands/agent.ts'),
  tune: () => import('../experiments/commands/tune.ts'),
  doctor: () => import('../libos/command.ts'),
  conform: () => import('../libos/conformance/command.ts'),
};

async function main(argv: string[]): Promise<void> {
  const program = new Command('bypassbench')
    .description("How much of a server's latency is the operating system, and what would kernel bypass give?")
    .showHelpAfterError('(see --help)')
    // The words behind a command of `redis-benchmark` are that command's.
    .enablePositionalOptions();
  const wanted = parts[argv[2] ?? ''];
  const loaders = wanted ? [wanted] : Object.values(parts);
  for (const load of loaders) program.addCommand((await load()).command());
  await program.parseAsync(argv);
}

// What cannot be printed ends the printing and not the work: a reader that has seen enough, such as head, closes the
// pipe (EPIPE), a terminal goes away (EIO), the disk that a log is on gets full (ENOSPC).
const vanished = ['EPIPE', 'EIO', 'ENOSPC'];
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (!vanished.includes(error.code ?? '')) throw error;
  });
}

// Started under nohup: see bin/bypassbench.
if (process.env.BYPASSBENCH_HANGUP === 'ignored') process.on('SIGHUP', () => {});

main(process.argv).catch((error: Error & { code?: unknown }) => {
  const expected = typeof error.code === 'string';
  console.error(expected ? `bypassbench: ${error.message}` : error.stack);
  process.exit(expected ? 1 : 70);
});
