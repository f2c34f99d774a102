/**
 * The folder that a run goes to: new, empty, or an earlier run's, which the new one replaces. One run at a time holds
 * it. An earlier run is put aside when the new one begins, and removed when the first trial of that has succeeded: a
 * run that measures nothing costs nobody what was there before.
 */
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { CALIBRATION_FILE, HALF_WRITTEN, MANIFEST_FILE } from '../results/formats/index.ts';
import { reportFiles } from '../results/index.ts';
import { ExperimentError } from './errors.ts';
import { lockFolder } from './machine/linux.ts';

/** What a run and its report write. */
const runFiles = [MANIFEST_FILE, 'trials', CALIBRATION_FILE, 'calibration', ...reportFiles];
/** Where an earlier run is until a trial of the new one has succeeded. */
const REPLACED = 'replaced';

/** `runs/redis-figure-20261123T053645Z` */
export function defaultOutFolder(experiment: string, now: Date): string {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  return path.join('runs', `${experiment}-${time}`);
}

export class OutFolder {
  readonly path: string;
  /** False where the file system has no locks: two runs could write here. */
  readonly isLocked: boolean;
  /** The folders that were made for it, outermost first. */
  readonly #made: readonly string[];
  readonly #release: () => void;

  private constructor(
    folder: string,
    made: readonly string[],
    lock: Exclude<ReturnType<typeof lockFolder>, null>,
  ) {
    this.path = folder;
    this.#made = made;
    this.isLocked = lock !== 'unknown';
    this.#release = lock === 'unknown' ? () => {} : lock.release;
  }

  /**
   * Makes the folder where there is none, and holds it; what is in it stays. Throws OUT_NOT_A_RUN where it holds
   * something else than a run, OUT_IN_USE while another run writes to it.
   */
  static async open(folder: string): Promise<OutFolder> {
    const outermost = await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
      throw new ExperimentError('OUT_NOT_A_RUN', `--out ${folder} cannot be made a folder: ${error.message}`);
    });
    const lock = lockFolder(folder);
    if (lock === null) {
      throw new ExperimentError(
        'OUT_IN_USE',
        `another run is writing to --out ${folder}: name another folder, or let that run end`,
      );
    }
    const out = new OutFolder(folder, foldersBetween(outermost, folder), lock);
    if ((await readdir(folder)).length > 0 && !(await out.#holdsRun())) {
      out.release();
      throw new ExperimentError(
        'OUT_NOT_A_RUN',
        `--out ${folder} holds files that are no run of bypassbench: name a new or empty folder ` +
          '(an earlier run there would be replaced)',
      );
    }
    return out;
  }

  /** Puts an earlier run aside, so that a new one can be written. */
  async begin(): Promise<void> {
    const replaced = path.join(this.path, REPLACED);
    // While it is there, what lies beside it is of a run that measured nothing.
    const isKept = existsSync(replaced);
    const present = (await readdir(this.path)).filter(
      (name) => runFiles.includes(name) || HALF_WRITTEN.test(name),
    );
    if (present.includes(MANIFEST_FILE) && !isKept) await mkdir(replaced);
    for (const name of present) {
      const file = path.join(this.path, name);
      if (isKept || !existsSync(replaced)) await rm(file, { recursive: true, force: true });
      else await rename(file, path.join(replaced, name));
    }
  }

  /** Makes a run ready to go on: removes what was cut off, folders of trials by name and half-written files. */
  async goOn(cutOff: readonly string[]): Promise<void> {
    for (const name of cutOff)
      await rm(path.join(this.path, 'trials', name), { recursive: true, force: true });
    for (const name of await readdir(this.path)) {
      if (HALF_WRITTEN.test(name)) await rm(path.join(this.path, name), { force: true });
    }
  }

  /** A trial has succeeded: the earlier run is not needed any more. */
  async measured(): Promise<void> {
    await rm(path.join(this.path, REPLACED), { recursive: true, force: true });
  }

  /** The folder of an earlier run that is still there, since nothing was measured in its place; else null. */
  get replaced(): string | null {
    const folder = path.join(this.path, REPLACED);
    return existsSync(folder) ? folder : null;
  }

  /** Lets others write here. */
  release(): void {
    this.#release();
  }

  /** The same for a run that did not begin: the folders that were made for it go, where nothing is in them. */
  discard(): void {
    this.release();
    for (const folder of this.#made.toReversed()) {
      if (readdirSync(folder).length > 0) return;
      rmdirSync(folder);
    }
  }

  async #holdsRun(): Promise<boolean> {
    return (await isRun(this.path)) || isRun(path.join(this.path, REPLACED));
  }
}

/** From the one to the other within it, both included; none where the outer one is undefined. */
function foldersBetween(outer: string | undefined, inner: string): string[] {
  if (outer === undefined) return [];
  return inner === outer ? [outer] : [...foldersBetween(outer, path.dirname(inner)), inner];
}

async function isRun(folder: string): Promise<boolean> {
  try {
    const manifest = JSON.parse(await readFile(path.join(folder, MANIFEST_FILE), 'utf8'));
    return String(manifest.schema).startsWith('bypassbench.manifest/');
  } catch {
    return false;
  }
}
