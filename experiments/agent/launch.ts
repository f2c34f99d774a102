/**
 * The command lines that carry a command to a host: by ssh(1), which reads the user's own configuration, by srun(1)
 * within an allocation of Slurm's, or none where the host is this machine.
 */
import type { LabHost, SshTarget } from '../lab/lab.ts';

/** How a host is reached, and where on it bypassbench is. */
export type HostAccess = Pick<LabHost, 'name' | 'launcher' | 'ssh' | 'node' | 'folder' | 'env'>;

/** What the command of an agent ends with where there is none. */
export const NO_FOLDER_CODE = 90;
export const NO_CHECKOUT_CODE = 91;

/** A connection that is silent for five of these is cut. */
const ALIVE_EVERY_S = 1;
const ALIVE_COUNT = 5;
/** For the connection itself; a host that is slow later on has more time (connection.ts). */
const CONNECT_TIMEOUT_S = 10;

/** A program and its words that run `command`, a line for sh, on the host, with the same input and output. */
export function carriedBy(access: HostAccess, command: string): [string, ...string[]] {
  // Over ssh the shell of the user there takes it, which may be any.
  return [...carrierOf(access), access.launcher === 'ssh' ? `exec sh -c ${quoted(command)}` : command];
}

/** The same without its last word, a line for a shell. */
export function carrierOf(access: HostAccess): [string, ...string[]] {
  switch (access.launcher) {
    case 'local':
      return ['sh', '-c'];
    case 'srun':
      return [...srun(targetOf(access)), 'sh', '-c'];
    case 'ssh':
      return [...ssh(access.ssh), '--', targetOf(access)];
  }
}

/** What ssh or srun calls the host. */
export function targetOf({ name, ssh, node }: HostAccess): string {
  return ssh?.host ?? node ?? name;
}

function ssh(given: SshTarget | null): [string, ...string[]] {
  const { user = null, port = null, identity = null, jump = null } = given ?? {};
  const options = {
    BatchMode: 'yes',
    ConnectTimeout: CONNECT_TIMEOUT_S,
    ServerAliveInterval: ALIVE_EVERY_S,
    ServerAliveCountMax: ALIVE_COUNT,
    // A connection of its own, which ends with the agent and carries nothing else, whatever ~/.ssh/config has.
    ControlMaster: 'no',
    ControlPath: 'none',
    RemoteCommand: 'none',
    ClearAllForwardings: 'yes',
    // What ssh says is how it is known why a host is not reached.
    LogLevel: 'INFO',
    // A key that is named is the one that is offered, however many an agent of ssh holds.
    ...(identity === null ? {} : { IdentitiesOnly: 'yes' }),
  };
  return [
    ...['ssh', '-T', '-x'],
    ...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]),
    ...(user === null ? [] : ['-l', user]),
    ...(port === null ? [] : ['-p', `${port}`]),
    ...(identity === null ? [] : ['-i', identity]),
    ...(jump === null ? [] : ['-J', jump]),
  ] as [string, ...string[]];
}

/** One task, beside what else runs in the allocation, with no cores of its own: what it starts is pinned by us. */
function srun(node: string): [string, ...string[]] {
  const size = ['--nodes=1', '--ntasks=1', '--overlap', '--cpu-bind=none'];
  return ['srun', `--nodelist=${node}`, ...size, '--input=0', '--quiet'];
}

/** The line for sh that is an agent there. It has a shell above it, which tells how an agent ended that was killed. */
export function agentCommand({ folder, env }: Pick<HostAccess, 'folder' | 'env'>): string {
  const variables = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}; `);
  return (
    `cd ${folderInShell(folder)} 2>/dev/null || exit ${NO_FOLDER_CODE}; ` +
    `test -x bin/bypassbench || exit ${NO_CHECKOUT_CODE}; ` +
    `${variables.join('')}bin/bypassbench agent; exit $?`
  );
}

/** A word for sh that is the folder. */
export function folderInShell(folder: string): string {
  if (folder === '~') return '"$HOME"';
  return folder.startsWith('~/') ? `"$HOME"/${quoted(folder.slice(2))}` : quoted(folder);
}

/** One word for sh, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
