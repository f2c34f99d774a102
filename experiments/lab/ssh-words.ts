/**
 * What may be said of how ssh(1) reaches a host, by itself: it becomes words of a command line, of which none may be
 * taken for an option. Each function says what is wrong, half a sentence; null: nothing.
 */

const PORT_MAX = 65_535;

export function hostProblem(host: string): string | null {
  if (host === '') return 'must not be empty';
  if (host.startsWith('-')) return 'must not begin with -, which ssh takes for an option';
  if (host.includes('@')) return 'is a host alone: say the user as `user`';
  if (/^[^:]*:\d*$/.test(host)) return 'is a host alone: say the port as `port`';
  if (/[\s/,"'\\]/.test(host)) return 'must be the name or the address of a host';
  return null;
}

export function userProblem(user: string): string | null {
  return /^[^\s@:/"'\\-][^\s@:/"'\\]*$/.test(user) ? null : 'must be the name of a user';
}

/** Of ssh's ProxyJump: hosts as [user@]host[:port], separated by commas. */
export function jumpProblem(jump: string): string | null {
  for (const hop of jump.split(',')) {
    const [, user, , bracketed, plain, port] =
      /^(?:([^@]*)@)?((?:\[([^[\]]*)\])|([^:]*))(?::(.*))?$/.exec(hop) ?? [];
    const host = bracketed ?? plain ?? '';
    const isRight =
      hostProblem(host) === null &&
      (user === undefined || userProblem(user) === null) &&
      (port === undefined || isPort(port));
    if (!isRight) return `must be [user@]host[:port], several separated by commas; '${hop}' is none`;
  }
  return null;
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= PORT_MAX;
}

/** Of a file or folder that is named to a program. */
export function identityProblem(file: string): string | null {
  if (file === '') return 'must not be empty';
  if (file.startsWith('-')) return 'must not begin with -, which ssh takes for an option: write ./ before it';
  return /\p{Cc}/u.test(file) ? 'must be the path of a file' : null;
}

export function folderProblem(folder: string): string | null {
  return /^~?\/(?!\/*$)\P{Cc}+$/u.test(folder)
    ? null
    : 'must be the whole path of a folder, or one below the home folder there (~/bypassbench)';
}
