/** `bypassbench systems`: what an experiment can name. */
import Table from 'cli-table3';
import { Command } from 'commander';
import { execa } from 'execa';
import { z } from 'zod';
import { type Described, describeLibrary } from '../config/described.ts';
import { OWN_FILE, readLibrary } from '../config/library.ts';
import { commandPath, OWN_COMMAND } from '../machine/checkout.ts';

const COLUMNS_WITHOUT_TERMINAL = 110;
const NAME_COLUMNS = 18;
const HERE_COLUMNS = 8;
const BORDER_COLUMNS = 5;

/** As `bypassbench doctor --json` prints them. */
const findings = z.array(
  z.object({ what: z.string(), works: z.boolean().nullable(), remedy: z.string().nullable() }),
);
type Findings = z.infer<typeof findings>;

const HELP = `
Those that ship, and those of ${OWN_FILE} in the folder. 'here' says whether the programs are on the PATH or built; whether a
device works is '?' without --doctor.`;

export function command(): Command {
  return new Command('systems')
    .description(
      'List what an experiment can name: systems, floors, templates; what each needs, and if it is here.',
    )
    .argument('[folder]', "folder of one's own experiments", '.')
    .option('--doctor', 'try the devices as well, which takes some seconds', false)
    .addHelpText('after', HELP)
    .action(systems);
}

async function systems(folder: string, { doctor }: { doctor: boolean }): Promise<void> {
  const described = describeLibrary(readLibrary(folder));
  const found = doctor ? await examine() : [];
  const width = process.stdout.columns ?? COLUMNS_WITHOUT_TERMINAL;
  const rest = Math.max(40, width - NAME_COLUMNS - HERE_COLUMNS - BORDER_COLUMNS);
  const table = new Table({
    head: ['name', 'what it is', 'needs', 'here'],
    colWidths: [NAME_COLUMNS, Math.ceil(rest * 0.55), Math.floor(rest * 0.45), HERE_COLUMNS],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const entry of described) table.push(row(entry, found));
  console.log(table.toString());
}

function row(entry: Described, found: Findings): string[] {
  const { name, kind, about, parameters, programs, device } = entry;
  if (kind === 'template') {
    return [name, `template: ${about}\n${parameters.join('\n')}`, '', ''];
  }
  const missing = programs.filter(({ missing }) => missing !== null);
  const finding = found.find(({ what }) => what === device);
  const needs = [
    ...programs.map(({ what }) => what),
    ...(device === null ? [] : [device]),
    ...(finding && !finding.works && finding.remedy ? [`-> ${finding.remedy}`] : []),
  ];
  const works = missing.length === 0 && (finding?.works ?? true);
  const isKnown = device === null || missing.length > 0 || finding !== undefined;
  return [name, `${kind}: ${about}`, needs.join('\n'), isKnown ? (works ? 'yes' : 'no') : '?'];
}

async function examine(): Promise<Findings> {
  const { stdout } = await execa(commandPath(OWN_COMMAND, undefined), ['doctor', '--json']);
  return findings.parse(JSON.parse(stdout));
}
