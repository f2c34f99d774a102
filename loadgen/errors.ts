/** What the load generator reports when a run could not be carried out. `code` is stable. */
export type LoadErrorCode =
  | 'INVALID_OPTION'
  | 'CONNECT_FAILED'
  | 'CONNECTION_LOST'
  | 'REPLY_TIMEOUT'
  | 'NOT_RESP'
  | 'POPULATE_FAILED'
  | 'NO_REPLIES'
  | 'NO_REQUESTS'
  | 'FLOOR_FAILED'
  | 'CALIBRATION_FAILED';

export class LoadError extends Error {
  readonly code: LoadErrorCode;
  constructor(code: LoadErrorCode, message: string) {
    super(message);
    this.name = 'LoadError';
    this.code = code;
  }
}
