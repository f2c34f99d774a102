/** `bypassbench tune`: what of a machine measurement papers set, and setting it. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { connect } from '../agent/connection.ts';
import { ExperimentError } from '../errors.ts';
import { type LabHost, readLab } from '../lab/lab.ts';
import { coresOf } from '../machine/core-list.ts';
import { type SettingName, settingNames, type Tuned, type Wishes } from '../tune/settings.ts';
import { describeTuned } from '../tune/tables.ts';
import { type TuneAction, tuneHere, tuneThere } from '../tune/tune.ts';
import { labOption } from './lab-option.ts';

const COLUMNS_WITHOUT_TERMINAL = 130;
/** Without a lab, and of one where no host is this machine. */
const LOCAL = 'local';

const HELP = `
Prints how the machine is set, what measurement papers set, why, and the commands that do it, and changes nothing. As root
--apply sets what can be set while the machine runs, reads each back, and keeps what it was in /run/bypassbench/tune.json;
done again, it keeps what was first. --restore sets back what that file has and removes it. A reboot undoes all of it, too.
Interrupts and isolated cores are for the cores that are measured: of a host of a lab its server_cores and client_cores, else
--cores. What the kernel takes on its command line alone is printed as words for that. Services are left to you.

Settings: ${settingNames.join(', ')}.

Exit code: 0; 1 when a change failed, the others being made.

Examples:
  bypassbench tune --cores 2,3 --interface ens1f1 --hugepages 512
  sudo bin/bypassbench tune --cores 2,3 --only governor,turbo,interrupts --apply
  bypassbench tune server0 --lab lab.yaml --apply
  bypassbench tune server0 --lab lab.yaml --restore`;

export function command(): Command {
  return new Command('tune')
    .description(
      'Show what measurement papers set on a machine, beside how it is set; set it, or set it back.',
    )
    .argument('[host]', `host of the lab file; ${LOCAL}: this machine`, LOCAL)
    .addOption(labOption())
    .option('--cores <list>', 'cores of servers and load generators, such as 2,3 or 2-5', toCores)
    .option('--interface <name>', 'network interface, by name or IPv4 address; again for each', collect, [])
    .option('--hugepages <[size:]count>', 'huge pages that there must be, of 2M or 1G, such as 1G:4', toPages)
    .option('--only <settings>', 'some of the settings, separated by commas', toSettings)
    .addOption(new Option('--apply', 'set what differs and can be set now').conflicts('restore'))
    .option('--restore', 'set back what --apply has set')
    .option('--json', 'print it as JSON', false)
    .addHelpText('after', HELP)
    .action(tune);
}

interface TuneOptions {
  lab?: string;
  cores?: number[];
  interface: string[];
  hugepages?: Wishes['hugepages'];
  only?: SettingName[];
  apply?: boolean;
  restore?: boolean;
  json: boolean;
}

async function tune(name: string, options: TuneOptions): Promise<void> {
  const host = await hostOf(name, options.lab);
  const action: TuneAction = options.apply ? 'apply' : options.restore ? 'restore' : 'show';
  const wishes = wishesOf(host, options);
  const found =
    host === null || host.launcher === 'local'
      ? await tuneHere(wishes, action)
      : await overLab(host, wishes, action);
  const columns = process.stdout.columns ?? COLUMNS_WITHOUT_TERMINAL;
  console.log(options.json ? JSON.stringify(found, null, 2) : describeTuned(found, columns));
  if (found.outcomes?.some(({ failed }) => failed.length > 0)) process.exitCode = 1;
}

async function overLab(host: LabHost, wishes: Wishes, action: TuneAction): Promise<Tuned> {
  const connection = await connect(host, { say: console.error });
  try {
    return await tuneThere(connection, wishes, action);
  } finally {
    await connection.close();
  }
}

/** Null: this machine, of which no lab says anything. */
async function hostOf(name: string, file: string | undefined): Promise<LabHost | null> {
  const refuse = (message: string): never => {
    throw new ExperimentError('LAB_HOST_UNKNOWN', message);
  };
  if (file === undefined) {
    return name === LOCAL ? null : refuse(`which lab has host ${name}? name its file with --lab`);
  }
  const { name: lab, hosts } = await readLab(file);
  const found = hosts.find((host) => host.name === name);
  if (found) return found;
  if (name === LOCAL) return hosts.find(({ launcher }) => launcher === 'local') ?? null;
  return refuse(`lab ${lab} has no host ${name}; it has ${hosts.map((host) => host.name).join(', ')}`);
}

/** What the command line says stands above the lab file. */
function wishesOf(host: LabHost | null, options: TuneOptions): Wishes {
  const ofLab = [...(host?.server_cores ?? []), ...(host?.client_cores ?? [])];
  const interfaces = host?.networks.map((network) => network.interface ?? network.address) ?? [];
  return {
    cores: [...new Set(options.cores ?? ofLab)],
    interfaces: options.interface.length > 0 ? options.interface : [...new Set(interfaces)],
    hugepages: options.hugepages ?? host?.hugepages ?? null,
    only: options.only ?? null,
  };
}

function collect(value: string, all: string[]): string[] {
  return [...all, value];
}

function toCores(text: string): number[] {
  if (/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) return coresOf(text);
  throw new InvalidArgumentError('must be a list of cores, such as 2,3 or 2-5.');
}

function toPages(text: string): Wishes['hugepages'] {
  const [, size = '2M', count] = /^(?:(2M|1G):)?(\d{1,7})$/.exec(text) ?? [];
  if (count !== undefined) return { size: size as '2M' | '1G', count: Number(count) };
  throw new InvalidArgumentError('must be a number of pages of 2 MB, or such as 1G:4.');
}

function toSettings(text: string): SettingName[] {
  return text.split(',').map((name) => {
    const found = settingNames.find((one) => one === name);
    if (found) return found;
    throw new InvalidArgumentError(`no setting is named '${name}'; there are ${settingNames.join(', ')}.`);
  });
}
