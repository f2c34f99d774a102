/**
 * Brings this checkout to a host, at its commit, and sets it up there: git carries what the host lacks of the commit,
 * and the set-up script there installs and builds what is missing. So it can be done again, and is quick then.
 */
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { connect } from './agent/connection.ts';
import { carriedBy, carrierOf, folderInShell, type HostAccess, quoted } from './agent/launch.ts';
import { whyNotReached } from './agent/unreachable.ts';
import { ExperimentError } from './errors.ts';
import { gitState, ownCheckout } from './machine/checkout.ts';

/** Where git keeps there what was brought; no branch of anybody's. */
const BROUGHT = 'refs/bypassbench/brought';
const COMMIT_DIGITS = 12;
const SHOWN_LINES = 15;

/** What the scripts below end with. */
const NO_GIT_CODE = 92;
const NOT_EMPTY_CODE = 93;
const NO_NODE_CODE = 94;

const remedies: Record<number, string> = {
  [NO_GIT_CODE]: 'it has no git: have git installed there',
  [NOT_EMPTY_CODE]: 'the folder there holds something else: name another one (folder), or move that away',
  [NO_NODE_CODE]:
    'it has no node: have Node 20 or later and npm installed there, on the PATH of a login without a terminal',
};

export interface HostSetup {
  /** Of the clone whose HEAD is brought. */
  repository?: string;
  /** Told in lines what is under way. */
  say: (line: string) => void;
}

/**
 * Sets a host up, and sees that its agent answers. Throws what `connect` throws, and HOST_SETUP_FAILED with what was
 * said there.
 */
export async function setUpHost(
  access: HostAccess,
  { repository = ownCheckout, say }: HostSetup,
): Promise<void> {
  if (access.launcher === 'local') {
    say(`host ${access.name} is this machine: 'npm run setup' sets it up`);
    return;
  }
  const commit = await commitToBring(repository);
  const { name } = access;
  const at = await prepare(access);
  const short = commit.slice(0, COMMIT_DIGITS);
  if (at === commit) say(`${name}: is at commit ${short}`);
  else {
    say(`${name}: commit ${short} is brought to ${access.folder}`);
    await (access.launcher === 'srun' ? pushBundle : push)(access, repository, commit);
    await check(access, `git checkout --quiet --detach ${commit}`, () => {});
  }
  say(`${name}: its set-up runs, minutes the first time`);
  const startedMs = performance.now();
  await check(access, SETUP, (line) => say(`${name}: ${line}`));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  if (repository === ownCheckout) await (await connect(access)).close();
  say(`${name}: ready; its set-up took ${seconds} s`);
}

/** Files that differ from the commit stay here: for a warning. */
export async function hasUncommitted(): Promise<boolean> {
  return (await gitState(ownCheckout)).dirty;
}

async function commitToBring(repository: string): Promise<string> {
  const { commit } = await gitState(repository);
  if (commit !== null) return commit;
  throw new ExperimentError(
    'HOST_SETUP_FAILED',
    'this copy of bypassbench is no git clone, so there is no commit to bring to a host: clone it, and set up from there',
  );
}

/** Makes the folder there a repository where it is none. Resolves to the commit that it is at, or to nothing. */
async function prepare(access: HostAccess): Promise<string> {
  const folder = folderInShell(access.folder);
  const script =
    `command -v git >/dev/null || exit ${NO_GIT_CODE}; mkdir -p ${folder} && cd ${folder} || exit 1; ` +
    `if ! test -e .git; then test -z "$(ls -A)" || exit ${NOT_EMPTY_CODE}; git init --quiet || exit 1; fi; ` +
    // A clone that has not all commits may bring what it has.
    'git config receive.shallowUpdate true && { git rev-parse --verify --quiet HEAD || true; }';
  return (await carried(access, script, () => {})).trim();
}

const SETUP =
  'node=$(command -v node || ls node_modules/node-linux-*/bin/node 2>/dev/null | head -n 1); ' +
  `test -n "$node" || exit ${NO_NODE_CODE}; exec "$node" scripts/setup.mjs 2>&1`;

/** Runs a script in the checkout there. */
function check(access: HostAccess, script: string, onLine: (line: string) => void): Promise<string> {
  return carried(access, `cd ${folderInShell(access.folder)} && { ${script}; }`, onLine);
}

/** Runs a script there with its lines told as they come. Resolves to what it printed; throws where it fails. */
async function carried(access: HostAccess, script: string, onLine: (line: string) => void): Promise<string> {
  const variables = Object.entries(access.env).map(([name, value]) => `export ${name}=${quoted(value)}; `);
  const [program, ...words] = carriedBy(access, `${variables.join('')}${script}`);
  const running = execa(program, words, { stdin: 'ignore', reject: false, all: true, env: { LC_ALL: 'C' } });
  createInterface({ input: running.stdout }).on('line', onLine);
  const { failed, exitCode, signal, code, stdout, stderr, all } = await running;
  if (!failed) return stdout;
  if (code === 'ENOENT') {
    throw new ExperimentError(
      'PROGRAM_MISSING',
      `host ${access.name}: there is no ${program} here; install it`,
    );
  }
  const remedy = remedies[exitCode ?? 0];
  if (remedy === undefined && exitCode === 255)
    throw whyNotReached(access, { exitCode, signal, said: stderr });
  throw failure(access, remedy ?? `${script.slice(0, 40)}... failed`, all);
}

/**
 * In one file with all that leads to the commit: srun passes on what a program prints a line at a time, and git waits
 * for what is no line.
 */
async function pushBundle(access: HostAccess, repository: string, commit: string): Promise<void> {
  const words = ['bundle', 'create', '--quiet', '-', 'HEAD'];
  const made = await execa('git', words, {
    cwd: repository,
    encoding: 'buffer',
    stdin: 'ignore',
    reject: false,
  });
  const file = '.git/brought.bundle';
  const script = `cat >${file} && git fetch --quiet ${file} +HEAD:${BROUGHT}; status=$?; rm -f ${file}; exit $status`;
  const [program, ...there] = carriedBy(access, `cd ${folderInShell(access.folder)} && ${script}`);
  const sent = made.failed
    ? null
    : await execa(program, there, { input: made.stdout, reject: false, all: true });
  if (sent?.failed === false) return;
  const said = sent === null ? made.stderr.toString() : sent.all;
  throw failure(access, `commit ${commit.slice(0, COMMIT_DIGITS)} could not be brought there`, said);
}

/** By git's own protocol, over what reaches the host: it sends what is missing there only. */
async function push(access: HostAccess, repository: string, commit: string): Promise<void> {
  // git gives its command the host's name, which we know better, and the line for the other end.
  const carry = `carry() { shift; exec ${carrierOf(access).map(quoted).join(' ')} "$1"; }; carry`;
  const { failed, all } = await execa(
    'git',
    ['push', '--quiet', '--force', `${access.name}:${access.folder}`, `${commit}:${BROUGHT}`],
    {
      cwd: repository,
      env: { GIT_SSH_COMMAND: carry, GIT_SSH_VARIANT: 'simple', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
      stdin: 'ignore',
      reject: false,
      all: true,
    },
  );
  if (failed)
    throw failure(access, `commit ${commit.slice(0, COMMIT_DIGITS)} could not be brought there`, all);
}

function failure({ name }: HostAccess, what: string, output: string): ExperimentError {
  const lines = output.trimEnd().split('\n').filter(Boolean).slice(-SHOWN_LINES);
  const said = lines.length > 0 ? `; it said last:\n  ${lines.join('\n  ')}` : '';
  return new ExperimentError('HOST_SETUP_FAILED', `host ${name} is not set up: ${what}${said}`);
}
