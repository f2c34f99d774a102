/** `bypassbench conform`: the conformance suite on a backend, wherever it lives. */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type BackendFlags, withBackendFlags } from '../backend-flags.ts';
import { decimal } from '../number-options.ts';
import type { ProcessCount } from './case-messages.ts';
import { OPEN_TIMEOUT_S } from './opening.ts';
import { countsOf, inProcesses, reportJson, resultText, summaryText } from './report.ts';
import { type CaseResult, fullName, type RunListener, runConformance } from './run.ts';
import { conformanceCases } from './suite.ts';

/** 128 + SIGINT, as shells count it. */
const INTERRUPTED_EXIT_CODE = 130;
/** Under nohup a closed terminal interrupts nothing (bin/bypassbench says whether it is so). */
const signals: readonly NodeJS.Signals[] =
  process.env.BYPASSBENCH_HANGUP === 'ignored' ? ['SIGINT', 'SIGTERM'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];

interface Flags extends BackendFlags {
  processes: '1' | '2' | 'both';
  only?: RegExp;
  openTimeoutS: number;
  json?: string;
}

const LONGEST_OPEN_S = 3600;

export function command(): Command {
  return withBackendFlags(new Command('conform'), 'backend that is tried')
    .description(
      `Tries whether a backend does what docs/libos.md says: the conformance suite, ${conformanceCases.length} cases.

Two ends are made on this machine as the backend's pairing says, for each case anew. A case that the backend cannot have,
such as one of datagrams, is skipped with the reason. One that hangs is ended and counts as failed. The exit code is 1 if
one failed.`,
    )
    .addOption(
      new Option('--processes <count>', 'where the two ends live: in one process (1), in two (2)')
        .choices(['1', '2', 'both'])
        .default('both'),
    )
    .option('--only <pattern>', 'cases whose name, "group: name", matches this regular expression', pattern)
    .option(
      '--open-timeout-s <seconds>',
      'how long each end may take until it is open: NICs take seconds until their link is up',
      decimal(0.1, LONGEST_OPEN_S),
      OPEN_TIMEOUT_S,
    )
    .option('--json <file>', 'write the outcome of each case there, too')
    .addHelpText(
      'after',
      `
Examples:
  bypassbench conform --backend-module ./pipes/index.js
  bypassbench conform --backend-module ./pipes/index.js --processes 1 --only 'close of a listener'
  bypassbench conform --backend dpdk --processes 2 --open-timeout-s 60 -o device=pci -o pci=0000:3b:00.0 -o peer_pci=0000:5e:00.0`,
    )
    .action(conform);
}

function pattern(text: string): RegExp {
  let found: RegExp;
  try {
    found = new RegExp(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
  if (!conformanceCases.some((one) => found.test(fullName(one)))) {
    throw new InvalidArgumentError('No case has such a name; without --only all are listed as they run.');
  }
  return found;
}

async function conform({ processes, only, openTimeoutS, json, ...flags }: Flags): Promise<void> {
  const printer = new Printer();
  const counts: readonly ProcessCount[] = processes === 'both' ? [1, 2] : [processes === '1' ? 1 : 2];
  const results = await unlessInterrupted((signal) =>
    runConformance({
      flags,
      processes: counts,
      only: only ?? null,
      limits: { openMs: openTimeoutS * 1000 },
      listener: printer,
      signal,
    }),
  );
  printer.clear();
  console.log(summaryText(results));
  if (json !== undefined) writeFileSync(json, reportJson(printer.name, results));
  if (countsOf(results).failed > 0) process.exitCode = 1;
}

/** What is started has a group of its own, which the terminal does not interrupt. */
async function unlessInterrupted<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  for (const signal of signals) process.on(signal, interrupt);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    return process.exit(INTERRUPTED_EXIT_CODE);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}

/** Prints each case when it has ended, and on a terminal also which one runs. */
class Printer implements RunListener {
  /** Of the backend; null where its module was never loaded. */
  name: string | null = null;
  #title = 'the backend';
  #processes: ProcessCount | null = null;
  #group = '';

  backend(name: string, title: string): void {
    this.name = name;
    this.#title = title;
  }

  begins(one: { group: string; name: string }): void {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K    ...      ${one.name}`);
  }

  ends(result: CaseResult): void {
    if (result.processes !== this.#processes) {
      this.#processes = result.processes;
      this.#group = '';
      this.#print(`\n${this.#title}: ${inProcesses(result.processes)}`);
    }
    if (result.group !== this.#group) {
      this.#group = result.group;
      this.#print(`  ${result.group}`);
    }
    this.#print(resultText(result));
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }

  #print(text: string): void {
    this.clear();
    console.log(text);
  }
}
