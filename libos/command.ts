/** `bypassbench doctor`: what of the libOS works on this machine, and the options of its backends. */
import Table from 'cli-table3';
import { Command } from 'commander';
import type { BackendDescriptor } from './backend-descriptor.ts';
import { MODULE_HELP } from './backend-flags.ts';
import { loadBackendModule } from './backend-module.ts';
import { knownBackends } from './backends.ts';
import type { DoctorFinding } from './finding.ts';
import { examineMachine } from './machine-doctor.ts';

export function command(): Command {
  return new Command('doctor')
    .description(
      `Tries what each backend of the libOS runs on here, and says what is missing where something does not work.

Of DPDK's devices memif needs nothing; tap, af_packet and af_xdp are tried as root only, in a network namespace of their
own, as are XDP sockets; NICs are looked at, and those bound to vfio-pci opened and closed. Of libfabric's providers an
endpoint is opened and closed.`,
    )
    .option('--backend-module <path|package>', `${MODULE_HELP}; then of the backends this one alone`)
    .option(
      '--options',
      'try nothing: list the options of each backend (-o KEY=VALUE), with what holds without them',
    )
    .option('--json', 'print it as JSON', false)
    .action(doctor);
}

interface Flags {
  backendModule?: string;
  options?: boolean;
  json: boolean;
}

async function doctor({ backendModule, options, json }: Flags): Promise<void> {
  const about = backendModule === undefined ? knownBackends() : [await loadBackendModule(backendModule)];
  if (options) {
    console.log(
      json ? JSON.stringify(Object.fromEntries(about.map(optionsOf)), null, 2) : optionTable(about),
    );
    return;
  }
  const showProgress = !json && process.stderr.isTTY;
  const findings: DoctorFinding[] = [];
  for await (const finding of examineAll(about)) {
    if (showProgress) process.stderr.write(`\r\x1b[K${finding.what}`);
    findings.push(finding);
  }
  if (showProgress) process.stderr.write('\r\x1b[K');
  console.log(json ? JSON.stringify(findings, null, 2) : findingTable(findings));
}

async function* examineAll(backends: readonly BackendDescriptor[]): AsyncGenerator<DoctorFinding> {
  yield* examineMachine();
  for (const descriptor of backends) yield* examineBackend(descriptor);
}

/** One from outside may fail where it should find. */
async function* examineBackend({ name, examine }: BackendDescriptor): AsyncGenerator<DoctorFinding> {
  try {
    yield* examine();
  } catch (error) {
    const found = `its examination failed: ${(error as Error).message}`;
    yield { what: name, works: false, found, remedy: 'tell its author' };
  }
}

function optionsOf({ name, options }: BackendDescriptor): [string, BackendDescriptor['options']] {
  return [name, options];
}

function width(): number {
  return Math.max(60, Math.min(process.stdout.columns ?? 110, 140));
}

function tableOf(head: string[], colWidths: number[], rows: string[][]): string {
  const table = new Table({ head, colWidths, wordWrap: true, style: { head: [], border: [] } });
  table.push(...rows);
  return table.toString();
}

function optionTable(descriptors: readonly BackendDescriptor[]): string {
  const rows = descriptors.flatMap(({ name, options }) =>
    Object.entries(options).map(([key, { help, default: preset, unit }]) => [
      name,
      key,
      unit === undefined ? help : `${help} (${unit})`,
      preset ?? '',
    ]),
  );
  return tableOf(['backend', 'option', 'what it says', 'default'], [10, 22, width() - 57, 20], rows);
}

function findingTable(findings: readonly DoctorFinding[]): string {
  const rows = findings.map(({ what, works, found, remedy }) => [
    what,
    works === null ? '-' : works ? 'yes' : 'no',
    remedy === null ? found : `${found}\n-> ${remedy}`,
  ]);
  return tableOf(['', 'here', 'found, and what to do'], [20, 8, width() - 32], rows);
}
