/** An error for the user who started the server: a stable code, and a message with the remedy. */
export type KvServerErrorCode =
  | 'INVALID_OPTION'
  | 'ADDRESS_IN_USE'
  | 'ADDRESS_UNAVAILABLE'
  | 'PORT_FORBIDDEN'
  | 'NOT_SUPPORTED'
  | 'ENGINE_UNAVAILABLE';

export class KvServerError extends Error {
  readonly code: KvServerErrorCode;

  constructor(code: KvServerErrorCode, message: string) {
    super(message);
    this.name = 'KvServerError';
    this.code = code;
  }
}

/** Why a command cannot do what it is asked for: its client is answered with the message, which begins with a code. */
export class CommandError extends Error {}

/** Why a front end cannot listen, from the error of the system's sockets or the libOS's. */
export function listenError(error: Error & { code?: unknown }, bind: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
    case 'ADDRESS_IN_USE':
      return new KvServerError(
        'ADDRESS_IN_USE',
        `port ${port} of ${bind} is in use: stop that server or choose another --port, 0 takes any free one`,
      );
    case 'EADDRNOTAVAIL':
    case 'ADDRESS_NOT_AVAILABLE':
      return new KvServerError(
        'ADDRESS_UNAVAILABLE',
        `${bind} is not an address of this machine: choose another --bind, 0.0.0.0 takes all`,
      );
    case 'EACCES':
    case 'PERMISSION_DENIED':
      return new KvServerError(
        'PORT_FORBIDDEN',
        `port ${port} of ${bind} needs privileges: choose a --port of 1024 or more`,
      );
    default:
      return error;
  }
}
