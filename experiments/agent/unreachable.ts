/** Why a host could not be reached, or was lost: from what ssh(1) says, and how it ended. */
import { ExperimentError, type ExperimentErrorCode } from '../errors.ts';
import { type HostAccess, NO_CHECKOUT_CODE, NO_FOLDER_CODE, targetOf } from './launch.ts';

/** How the program that carried a connection ended. */
export interface CarrierEnd {
  exitCode?: number | undefined;
  signal?: string | undefined;
  /** What it wrote on standard error, the end of it, with what was written there on the host. */
  said: string;
}

/** As ssh(1) ends when the connection fails, and not the command. */
const SSH_FAILED = 255;
/** As a shell tells of a command that was ended by SIGKILL (9). */
const KILLED = 128 + 9;

interface Kind {
  said: RegExp;
  code: ExperimentErrorCode;
  why(access: HostAccess): string;
}

const portInWords = ({ ssh }: HostAccess): string =>
  ssh === null || ssh.port === null ? '' : ` on port ${ssh.port}`;
/** What one types to try it by hand. */
const byHand = (access: HostAccess): string => `'ssh ${targetOf(access)}'`;

/** Messages of OpenSSH's client and of the resolver, with LC_ALL=C; the first that fits counts. */
const kinds: readonly Kind[] = [
  {
    said: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    code: 'HOST_KEY_CHANGED',
    why: (access) =>
      `it is not the machine that it was, by its host key: if it was installed anew, forget the old key (ssh-keygen -R ${targetOf(access)}), and connect once by hand`,
  },
  {
    said: /Host key verification failed|host key is known for/,
    code: 'HOST_KEY_UNKNOWN',
    why: (access) =>
      `its host key is not known here: connect once by hand, ${byHand(access)}, and compare what it shows`,
  },
  {
    said: /Could not resolve hostname/,
    code: 'HOST_NAME_UNKNOWN',
    why: (access) =>
      `the name '${targetOf(access)}' is not known to ssh: give ssh.host in the lab file, or HostName in ~/.ssh/config`,
  },
  {
    said: /Connection refused/,
    code: 'HOST_REFUSED',
    why: (access) => `nothing listens there${portInWords(access)}: does sshd run, on which port (ssh.port)?`,
  },
  {
    said: /timed out|No route to host|Network is unreachable/,
    code: 'HOST_DOWN',
    why: (access) =>
      `nobody answers${portInWords(access)}: is it up, does the address lead to it, does a firewall drop it?`,
  },
  {
    said: /Permission denied \(|Too many authentication failures/,
    code: 'HOST_LOGIN_REFUSED',
    why: (access) =>
      `it lets this user in with none of the keys that were offered: name the key (ssh.identity), the user (ssh.user), or copy a key there (ssh-copy-id ${targetOf(access)}). A key with a passphrase must be in ssh-agent`,
  },
];

/** A connection that did not come about. */
export function whyNotReached(access: HostAccess, end: CarrierEnd): ExperimentError {
  const { name, launcher, folder } = access;
  const error = (code: ExperimentErrorCode, why: string): ExperimentError =>
    new ExperimentError(code, `host ${name}: ${why}${saidInWords(end)}`);
  const setUp = `set it up: bypassbench lab setup ${name}`;
  if (end.exitCode === NO_FOLDER_CODE)
    return error('HOST_NOT_SET_UP', `there is no folder ${folder}; ${setUp}`);
  if (end.exitCode === NO_CHECKOUT_CODE) {
    return error('HOST_NOT_SET_UP', `${folder} is no checkout of bypassbench; ${setUp}`);
  }
  if (launcher === 'ssh' && end.exitCode === SSH_FAILED) {
    const kind = kinds.find(({ said }) => said.test(end.said));
    return kind
      ? error(kind.code, kind.why(access))
      : error('HOST_CONNECTION_FAILED', `ssh did not get through; try ${byHand(access)}`);
  }
  if (launcher === 'srun' && !/bypassbench/.test(end.said)) {
    return error(
      'HOST_CONNECTION_FAILED',
      `srun started nothing on ${targetOf(access)}: is this an allocation (salloc) that has it?`,
    );
  }
  return error('HOST_NOT_SET_UP', `bypassbench does not start there (${endInWords(end)}); ${setUp}`);
}

/** A connection that ended unasked. */
export function whyLost(access: HostAccess, end: CarrierEnd): ExperimentError {
  const why =
    end.exitCode === KILLED
      ? 'its agent was killed (SIGKILL), and what it had started with it: was memory short (dmesg)?'
      : access.launcher === 'ssh' && end.exitCode === SSH_FAILED
        ? 'the connection was cut, and what was started there ends by itself within seconds'
        : `its agent ended (${endInWords(end)})`;
  return new ExperimentError('HOST_LOST', `host ${access.name} was lost: ${why}${saidInWords(end)}`);
}

function endInWords({ exitCode, signal }: CarrierEnd): string {
  return signal === undefined ? `exit code ${exitCode}` : `ended by ${signal}`;
}

/** Of what was said the last line that is neither empty nor a warning beside the matter. */
function saidInWords({ said }: CarrierEnd): string {
  const lines = said.split('\n').map((line) => line.trim());
  const last = lines.filter((line) => line !== '' && !/^(Warning:|\*\*)/.test(line)).at(-1);
  return last === undefined ? '' : `\n  ${last}`;
}
