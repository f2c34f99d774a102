/** What `bypassbench tune` found, as a terminal shows it. */
import Table from 'cli-table3';
import type { Tuned, TunedSetting, TuneOutcome } from './settings.ts';

const NAME_COLUMNS = 16;
const BORDERS_COLUMNS = 5;

const stateInWords: Record<TunedSetting['state'], string> = {
  as_wanted: 'as wanted',
  differs: 'differs',
  by_hand: 'by hand',
  at_boot: 'next boot',
  not_here: '–',
};

/** Within `columns` columns. Commands stand below the table, whole: they are to be copied. */
export function describeTuned({ settings, outcomes, applied_at }: Tuned, columns: number): string {
  const rest = Math.max(60, columns - NAME_COLUMNS - BORDERS_COLUMNS);
  const table = new Table({
    head: ['setting', 'now', 'wanted', 'why'],
    colWidths: [NAME_COLUMNS, ...[0.28, 0.28, 0.44].map((share) => Math.floor(rest * share))],
    wordWrap: true,
    style: { head: [], border: [] },
  });
  for (const setting of settings) {
    const { name, now, wanted, why, state, note } = setting;
    table.push([
      name,
      now ?? '–',
      wanted === null ? '–' : `${wanted}\n(${stateInWords[state]})`,
      note === null ? why : `${why}. Here: ${note}`,
    ]);
  }
  const parts = [table.toString(), ...byHand(settings), ...atBoot(settings), ...done(outcomes)];
  if (applied_at !== null)
    parts.push(`Set by --apply at ${applied_at}; --restore sets it back, and so does a reboot.`);
  return parts.join('\n');
}

function byHand(settings: readonly TunedSetting[]): string[] {
  const open = settings.filter(({ state }) => state === 'differs' || state === 'by_hand');
  if (open.length === 0) return [];
  const lines = open.map(({ name, by_hand }) => `  ${by_hand}   # ${name}`);
  return [`By hand, as root:\n${lines.join('\n')}`];
}

function atBoot(settings: readonly TunedSetting[]): string[] {
  const words = settings.flatMap(({ state, by_hand }) => (state === 'at_boot' && by_hand ? [by_hand] : []));
  if (words.length === 0) return [];
  const where = 'GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub, then reboot';
  return [`On the kernel's command line, from the next boot on (${where}):\n  ${words.join(' ')}`];
}

function done(outcomes: readonly TuneOutcome[] | null): string[] {
  if (outcomes === null) return [];
  if (outcomes.length === 0) return ['Nothing was to be changed.'];
  return outcomes.flatMap(({ name, done: count, failed }) => [
    `${name}: ${count} ${count === 1 ? 'change' : 'changes'} made and read back`,
    ...failed.map((why) => `${name}: failed: ${why}`),
  ]);
}
