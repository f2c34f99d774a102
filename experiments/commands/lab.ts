/** `bypassbench lab`: the machines of a laboratory, set up and looked over. */
import { Command } from 'commander';
import { readResolved } from '../config/config.ts';
import { ExperimentError } from '../errors.ts';
import { INTERRUPTED_EXIT_CODE, interruptible } from '../interrupt.ts';
import { labHosts } from '../lab/host.ts';
import { type Lab, type LabHost, readLab } from '../lab/lab.ts';
import { checkLab, isLacking } from '../lab-check/lab-check.ts';
import { needsOf, type SystemNeed } from '../lab-check/system-needs.ts';
import { describeLab } from '../lab-check/tables.ts';
import { hasUncommitted, setUpHost } from '../lab-setup.ts';
import { labOption } from './lab-option.ts';

const COLUMNS_WITHOUT_TERMINAL = 130;

const SETUP_HELP = `
Takes what this checkout's commit has that the host lacks there, by git over what reaches the host, and runs the set-up
script there. Files that differ from the commit stay here. Done again, it brings and builds what is missing. The host needs
git, Node 20 or later, npm, and what its set-up may install as root or by sudo; it says what it could not install.

Exit code: 0 when all of the hosts are ready, 1 when not, 130 when interrupted.

Examples:
  bypassbench lab setup --lab lab.yaml --all
  bypassbench lab setup --lab lab.yaml server0 client0`;

const CHECK_HELP = `
Reaches each host as its 'launcher' says (ssh reads ~/.ssh/config), starts an agent there, and changes nothing. Of each
host: commit and Node, processor, kernel, cores, governor, load, what bypassbench doctor finds, and how far its time of day
is from ours, give or take half of the fastest round trip, with the drift of its clock during the check. Of each two hosts
of a network: ping, and a second of iperf3 each way. Of each system of the experiment: programs, what set-up has built, and
whether its device works where it is placed. Below stands what is lacking, with remedies.

Exit code: 0 when nothing is lacking, 1 when something is, 130 when interrupted.

Examples:
  bypassbench lab check --lab lab.yaml
  bypassbench lab check redis-figure --lab lab.yaml
  bypassbench lab check --lab lab.yaml --json | jq '.pairs[] | {from, to, ping}'`;

export function command(): Command {
  const lab = new Command('lab').description(
    'The machines of a laboratory, as a lab file names them: set up, and looked over.',
  );
  lab
    .command('check')
    .description('What each host is and lacks, and what the networks between them do.')
    .argument('[experiment]', 'also what its systems lack on their hosts: one that ships, or a YAML file')
    .addOption(labOption())
    .option('--json', 'print it as JSON', false)
    .addHelpText('after', CHECK_HELP)
    .action(check);
  lab
    .command('setup')
    .description('Bring this checkout, at its commit, to hosts, and set it up there.')
    .argument('[host...]', 'hosts of the lab file')
    .option('--all', 'all hosts of the lab file', false)
    .addOption(labOption().makeOptionMandatory())
    .addHelpText('after', SETUP_HELP)
    .action(setup);
  return lab;
}

async function check(experiment: string | undefined, { lab, json }: CheckOptions): Promise<void> {
  const { hosts, needs } = await subjects(experiment, lab);
  const showProgress = !json && process.stderr.isTTY;
  const say = (line: string): void => {
    if (showProgress) process.stderr.write(`\r\x1b[K${line}`);
  };
  let interrupted = false;
  const report = await interruptible(
    async (signal) => {
      const found = await checkLab(hosts, needs, signal, say);
      interrupted = signal.aborted;
      return found;
    },
    () => {},
  );
  if (showProgress) process.stderr.write('\r\x1b[K');
  if (interrupted) {
    process.exitCode = INTERRUPTED_EXIT_CODE;
    return;
  }
  const columns = process.stdout.columns ?? COLUMNS_WITHOUT_TERMINAL;
  console.log(json ? JSON.stringify(report, null, 2) : describeLab(report, columns));
  if (isLacking(report)) process.exitCode = 1;
}

/** Of an experiment its own hosts, which are those of the lab where one is named. */
async function subjects(
  experiment: string | undefined,
  lab: string | undefined,
): Promise<{ hosts: readonly LabHost[]; needs: SystemNeed[] }> {
  const refuse = (message: string): never => {
    throw new ExperimentError('LAB_NOT_FOUND', message);
  };
  if (experiment === undefined) {
    if (lab === undefined) return refuse('which lab? --lab FILE, or an experiment with `hosts`');
    return { hosts: (await readLab(lab)).hosts, needs: [] };
  }
  const resolved = await readResolved(experiment, { quick: false, set: [], lab });
  const { hosts } = resolved.config;
  if (hosts === undefined)
    return refuse(`experiment ${experiment} has no \`hosts\`: name a lab file with --lab`);
  return { hosts: labHosts(hosts), needs: needsOf(resolved) };
}

interface CheckOptions {
  lab?: string;
  json: boolean;
}

async function setup(names: string[], { lab: file, all }: { lab: string; all: boolean }): Promise<void> {
  const lab = await readLab(file);
  const hosts = chosen(lab, names, all);
  if (await hasUncommitted()) {
    console.error('files of this checkout differ from its commit: hosts get the commit, without them');
  }
  const outcomes = await Promise.allSettled(hosts.map((host) => setUpHost(host, { say: console.log })));
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    if (!(outcome.reason instanceof ExperimentError)) throw outcome.reason;
    console.error(`bypassbench: ${outcome.reason.message}`);
    process.exitCode = 1;
  }
}

function chosen({ name, hosts }: Lab, names: readonly string[], all: boolean): readonly LabHost[] {
  const known = hosts.map((host) => host.name);
  const refuse = (message: string): never => {
    throw new ExperimentError('LAB_HOST_UNKNOWN', message);
  };
  if (all) return names.length === 0 ? hosts : refuse('--all means all hosts: name none besides');
  if (names.length === 0) return refuse(`which hosts of ${name}? ${known.join(', ')}, or --all`);
  return names.map(
    (wanted) =>
      hosts.find((host) => host.name === wanted) ??
      refuse(`lab ${name} has no host ${wanted}; it has ${known.join(', ')}`),
  );
}
