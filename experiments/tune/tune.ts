/** A machine looked at, and set or set back where that is asked: this one, or a host of a lab over its connection. */
import type { HostConnection } from '../agent/connection.ts';
import { runThere } from '../agent/run-there.ts';
import { ExperimentError } from '../errors.ts';
import { appliedAt, applySettings, restoreSettings } from './apply.ts';
import { readMachine } from './found.ts';
import { planOf } from './plan.ts';
import { type Tuned, tuned, type Wishes } from './settings.ts';

export type TuneAction = 'show' | 'apply' | 'restore';

/** Some hundred files are read and written, and a NIC may take a second. */
const PATIENCE_MS = 60_000;

/** Throws TUNE_AS_ROOT before anything is changed, TUNE_NOT_APPLIED. What is told is how it is after that. */
export async function tuneHere(wishes: Wishes, action: TuneAction): Promise<Tuned> {
  if (action !== 'show' && process.getuid?.() !== 0) {
    throw new ExperimentError(
      'TUNE_AS_ROOT',
      `only root may ${action === 'apply' ? 'set' : 'set back'} these: nothing was changed; run it as root (sudo)`,
    );
  }
  const look = async (): Promise<Tuned['settings']> => planOf(await readMachine(wishes.interfaces), wishes);
  const outcomes =
    action === 'show'
      ? null
      : action === 'apply'
        ? await applySettings(await look())
        : await restoreSettings(wishes.only);
  return { settings: await look(), outcomes, applied_at: appliedAt() };
}

/** The same of a host; `bypassbench tune` runs there. Throws TUNE_FAILED with what that said. */
export async function tuneThere(
  connection: HostConnection,
  wishes: Wishes,
  action: TuneAction,
): Promise<Tuned> {
  const ran = await runThere(
    connection,
    ['bypassbench', 'tune', '--json', ...wordsOf(wishes, action)],
    PATIENCE_MS,
  );
  try {
    return tuned.parse(JSON.parse(ran.stdout));
  } catch {
    const said = ran.stderr
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^bypassbench: /, '');
    const how = ran.end ?? `did not end within ${PATIENCE_MS / 1000} s`;
    throw new ExperimentError('TUNE_FAILED', `host ${connection.name}: ${said || `bypassbench tune ${how}`}`);
  }
}

/** What says the same on the command line. */
function wordsOf({ cores, interfaces, hugepages, only }: Wishes, action: TuneAction): string[] {
  return [
    ...(cores.length > 0 ? ['--cores', cores.join(',')] : []),
    ...interfaces.flatMap((name) => ['--interface', name]),
    ...(hugepages ? ['--hugepages', `${hugepages.size}:${hugepages.count}`] : []),
    ...(only ? ['--only', only.join(',')] : []),
    ...(action === 'show' ? [] : [`--${action}`]),
  ];
}
