/**
 * Why the load generator could not carry out a run. `code` is stable; the message names the thing and the
 * remedy.
 */
export type LoadErrorCode =
  | 'INVALID_OPTION'
  | 'CONNECT_FAILED'
  | 'LOGIN_FAILED'
  | 'CONNECTION_LOST'
  | 'REPLY_TIMEOUT'
  | 'NOT_RESP'
  | 'TRACE'
  | 'WRONG_PROTOCOL'
  | 'POPULATE_FAILED'
  | 'NO_START'
  | 'NO_REPLIES'
  | 'NO_REQUESTS'
  | 'ERROR_REPLY'
  | 'FLOOR_FAILED'
  | 'METER_FAILED'
  | 'CALIBRATION_FAILED';

export class LoadError extends Error {
  readonly code: LoadErrorCode;
  constructor(code: LoadErrorCode, message: string) {
    super(message);
    this.name = 'LoadError';
    this.code = code;
  }
}
