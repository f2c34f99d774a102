/** An error that whoever started the server can act on: a stable code, and a message with the remedy. */
export type KvServerErrorCode =
  | 'INVALID_OPTION'
  | 'ADDRESS_IN_USE'
  | 'ADDRESS_UNAVAILABLE'
  | 'PORT_FORBIDDEN';

export class KvServerError extends Error {
  readonly code: KvServerErrorCode;

  constructor(code: KvServerErrorCode, message: string) {
    super(message);
    this.name = 'KvServerError';
    this.code = code;
  }
}
