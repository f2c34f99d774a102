/** How an error number of a socket call becomes a stable code. */
import { type ErrorCode, errorCodes, LibosError } from '../errors.ts';
import { Errno, errno, errnoName } from './libc.ts';

/** The stable code for an error number of a socket call. */
export function codeOfErrno(number: number): ErrorCode {
  switch (number) {
    case Errno.EADDRINUSE:
      return 'ADDRESS_IN_USE';
    case Errno.EADDRNOTAVAIL:
      return 'ADDRESS_NOT_AVAILABLE';
    case Errno.EACCES:
    case Errno.EPERM:
      return 'PERMISSION_DENIED';
    case Errno.ECONNREFUSED:
      return 'CONNECTION_REFUSED';
    case Errno.ECONNRESET:
    case Errno.ECONNABORTED:
    case Errno.EPIPE:
      return 'CONNECTION_RESET';
    case Errno.EHOSTUNREACH:
    case Errno.ENETUNREACH:
      return 'HOST_UNREACHABLE';
    case Errno.ETIMEDOUT:
      return 'TIMED_OUT';
    case Errno.EMSGSIZE:
      return 'MESSAGE_TOO_LONG';
    case Errno.EMFILE:
    case Errno.ENFILE:
      return 'TOO_MANY_OPEN_FILES';
    default:
      return 'SYSTEM_ERROR';
  }
}

/**
 * The same of a connect. Its EADDRNOTAVAIL is ADDRESS_IN_USE, as over every backend: each port that this end may take
 * has a connection to that one (connect(2)).
 */
export function codeOfConnectErrno(number: number): ErrorCode {
  return number === Errno.EADDRNOTAVAIL ? 'ADDRESS_IN_USE' : codeOfErrno(number);
}

const remedies: Partial<Record<ErrorCode, string>> = {
  ADDRESS_IN_USE: ': stop who uses it, or choose another port (0 takes any free one)',
  TOO_MANY_OPEN_FILES: `: ${errorCodes.TOO_MANY_OPEN_FILES}`,
};

/** The error for a socket call that just failed. `what` names the thing: '127.0.0.1:6379'. */
export function systemError(operation: string, qd: number, what: string): LibosError {
  const number = errno();
  const code = codeOfErrno(number);
  const remedy = remedies[code] ?? '';
  return new LibosError(code, operation, qd, `${what}: ${errnoName(number)}${remedy}`);
}
