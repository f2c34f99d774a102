/**
 * Checkouts of this project: the one that runs, and others that a system of an experiment names. Such a
 * system has its server and its load generator from there, since both lie on the data path; the runner and
 * the report are always those of the checkout that runs.
 *
 * A commit is checked out once, as a detached worktree of this clone, and set up by its own set-up:
 *
 *     .checkouts/5fe8fa9a0c2e              the worktree
 *     .checkouts/5fe8fa9a0c2e.setup.log    what its set-up printed
 *     .checkouts/5fe8fa9a0c2e.ready        present when the set-up has succeeded
 */
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import type { Manifest } from '../../results/formats/index.ts';
import { ExperimentError } from '../errors.ts';
import { builtProgram } from './built.ts';

/** The folder of the checkout that runs. */
export const ownCheckout = path.join(import.meta.dirname, '..', '..');

/** First word of a command line that means bypassbench's own command. */
export const OWN_COMMAND = 'bypassbench';

const CACHE_FOLDER = '.checkouts';
const COMMIT_DIGITS = 12;
const SHOWN_LOG_LINES = 15;

export interface Checkout {
  folder: string;
  /** Which commit it is, and whether its files differ from it. */
  git: Manifest['git'];
  /** The options of its load generator, as `--core`: an older one lacks some of ours. */
  loadOptions: ReadonlySet<string>;
}

/** Checkouts that are not the one that runs, by the name of the system or floor that they belong to. */
export type Checkouts = ReadonlyMap<string, Checkout>;

interface Subjects {
  systems: readonly { name: string; checkout?: string | undefined; floor: readonly string[] }[];
  floors: readonly { name: string }[];
}

/** What to execute for the first word of a command line; `checkout` is the one whose command and builds are meant. */
export function commandPath(program: string, checkout: Checkout | undefined): string {
  const folder = checkout?.folder ?? ownCheckout;
  return program === OWN_COMMAND ? path.join(folder, 'bin', OWN_COMMAND) : builtProgram(program, folder);
}

/**
 * Makes the checkouts of all systems ready, each once. A floor's program comes from that of the first system
 * it serves. Throws CHECKOUT_UNKNOWN, CHECKOUT_INVALID or CHECKOUT_SETUP_FAILED. `say` is called with a line
 * for each step.
 */
export async function openCheckouts(
  { systems, floors }: Subjects,
  say: (line: string) => void,
  repository = ownCheckout,
): Promise<Checkouts> {
  const opened = new Map<string, Checkout>();
  const bySubject = new Map<string, Checkout>();
  for (const { name, checkout: wanted } of systems) {
    if (wanted === undefined) continue;
    const checkout = opened.get(wanted) ?? (await openCheckout(wanted, say, repository));
    opened.set(wanted, checkout);
    bySubject.set(name, checkout);
  }
  for (const { name } of floors) {
    const served = systems.find(({ floor }) => floor.includes(name));
    const checkout = served && bySubject.get(served.name);
    if (checkout) bySubject.set(name, checkout);
  }
  return bySubject;
}

/** A path says that it is one: everything else is a commit, a tag or a branch. */
export function isPath(wanted: string): boolean {
  return /^(\/|\.\.?(\/|$))/.test(wanted);
}

async function openCheckout(
  wanted: string,
  say: (line: string) => void,
  repository: string,
): Promise<Checkout> {
  if (isPath(wanted)) return openFolder(path.resolve(wanted), wanted);
  const commit = await commitOf(wanted, repository);
  return checkOut(commit, say, repository);
}

async function openFolder(folder: string, shown: string): Promise<Checkout> {
  const program = path.join(folder, 'bin', OWN_COMMAND);
  if (!existsSync(program)) {
    throw new ExperimentError(
      'CHECKOUT_INVALID',
      `checkout ${shown} is no checkout of bypassbench, as it has no bin/${OWN_COMMAND}: name a folder that is ` +
        'one, or a commit, tag or branch of this clone',
    );
  }
  const started = await execa(program, ['serve', '--help'], { reject: false, stdin: 'ignore' });
  if (started.failed) {
    const lastWords = started.stderr?.trim().split('\n').at(-1) || started.shortMessage;
    throw new ExperimentError(
      'CHECKOUT_INVALID',
      `checkout ${shown} does not start (${lastWords}): run 'npm run setup' there`,
    );
  }
  return { folder, git: await gitState(folder), loadOptions: await loadOptionsOf(folder) };
}

async function loadOptionsOf(folder: string): Promise<ReadonlySet<string>> {
  const program = path.join(folder, 'bin', OWN_COMMAND);
  const { stdout = '' } = await execa(program, ['load', '--help'], { reject: false, stdin: 'ignore' });
  return new Set(stdout.match(/--[a-z][a-z-]*/g));
}

/** The full hash of a commit, tag or branch of this clone. */
async function commitOf(wanted: string, repository: string): Promise<string> {
  const { commit } = await gitState(repository);
  if (commit === null) {
    throw new ExperimentError(
      'CHECKOUT_UNKNOWN',
      `checkout ${wanted}: this copy of bypassbench is no git clone, so there are no commits to check out: ` +
        'clone it, or name the folder of another checkout (./folder)',
    );
  }
  const found = await git(
    repository,
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${wanted}^{commit}`,
  );
  if (found.failed) {
    throw new ExperimentError(
      'CHECKOUT_UNKNOWN',
      `checkout ${wanted} is no commit, tag or branch of this clone: 'git fetch' may bring it; a folder is ` +
        'written ./folder or /folder',
    );
  }
  return found.stdout.trim();
}

/** A worktree of `commit` in the cache, set up. */
async function checkOut(commit: string, say: (line: string) => void, repository: string): Promise<Checkout> {
  const short = commit.slice(0, COMMIT_DIGITS);
  const cache = path.join(repository, CACHE_FOLDER);
  const folder = path.join(cache, short);
  const ready = `${folder}.ready`;
  const shown = path.join(CACHE_FOLDER, short);
  if (!existsSync(ready) || !existsSync(folder)) {
    await mkdir(cache, { recursive: true });
    // What an interrupted set-up has left is no use, and git remembers worktrees whose folders were removed.
    await git(repository, 'worktree', 'remove', '--force', folder);
    await rm(folder, { recursive: true, force: true });
    const added = await git(repository, 'worktree', 'add', '--force', '--detach', folder, commit);
    if (added.failed) {
      throw new ExperimentError('CHECKOUT_INVALID', `${shown} cannot be made a worktree: ${added.stderr}`);
    }
    await setUp(folder, shown, say);
    await writeFile(ready, '');
  }
  const state = await gitState(folder);
  if (state.commit !== commit) {
    throw new ExperimentError(
      'CHECKOUT_INVALID',
      `${shown} is not at the commit that it is named after: 'git worktree remove --force ${shown}' and run again`,
    );
  }
  return { folder, git: state, loadOptions: await loadOptionsOf(folder) };
}

async function setUp(folder: string, shown: string, say: (line: string) => void): Promise<void> {
  const log = `${folder}.setup.log`;
  say(`${shown}: checked out; its set-up runs (log: ${shown}.setup.log)`);
  const started = performance.now();
  const { all, failed } = await execa(process.execPath, ['scripts/setup.mjs'], {
    cwd: folder,
    reject: false,
    stdin: 'ignore',
    all: true,
  });
  await writeFile(log, `${all}\n`);
  if (failed) {
    const lines = all.trimEnd().split('\n').slice(-SHOWN_LOG_LINES);
    throw new ExperimentError(
      'CHECKOUT_SETUP_FAILED',
      `the set-up of ${shown} failed; its log, ${shown}.setup.log, ends:\n  ${lines.join('\n  ')}`,
    );
  }
  say(`${shown}: set up in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

/** The commit of a checkout, and whether its files differ from it; neither where it is not a clone. */
export async function gitState(folder: string): Promise<Manifest['git']> {
  const [head, status, prefix] = await Promise.all([
    git(folder, 'rev-parse', '--verify', '--quiet', 'HEAD'),
    git(folder, 'status', '--porcelain'),
    git(folder, 'rev-parse', '--show-prefix'),
  ]);
  // A copy without .git inside somebody else's repository has a prefix, and that repository's commit is not
  // ours.
  if (prefix.failed || prefix.stdout !== '') return { commit: null, dirty: false };
  return { commit: head.failed ? null : head.stdout, dirty: status.stdout !== '' };
}

function git(cwd: string, ...args: string[]) {
  return execa('git', args, { cwd, reject: false, stdin: 'ignore' });
}
