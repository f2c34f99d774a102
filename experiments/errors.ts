/** The errors of `experiments`: each names the thing it is about and what to do. */

export type ExperimentErrorCode =
  | 'CONFIG_NOT_FOUND'
  | 'CONFIG_INVALID'
  | 'LAB_NOT_FOUND'
  | 'LAB_INVALID'
  | 'LAB_HOST_UNKNOWN'
  | 'PLACE_ELSEWHERE'
  | 'OVERRIDE_INVALID'
  | 'SYSTEM_UNKNOWN'
  | 'PROGRAM_MISSING'
  | 'OPEN_FILES_LIMIT'
  | 'PROGRAM_NOT_STARTED'
  | 'CHECKOUT_UNKNOWN'
  | 'CHECKOUT_INVALID'
  | 'CHECKOUT_SETUP_FAILED'
  | 'GOAL_UNKNOWN'
  | 'OUT_NOT_A_RUN'
  | 'OUT_IN_USE'
  | 'NOT_CONTINUED'
  | 'MACHINE_UNSUPPORTED'
  | 'CORES_UNAVAILABLE'
  | 'NO_FREE_PORT'
  | 'TUNE_AS_ROOT'
  | 'TUNE_NOT_APPLIED'
  | 'TUNE_FAILED'
  | 'TUNE_RECORD_DAMAGED'
  | 'TUNE_AT_WORK'
  | 'WIRE_EXISTS'
  | 'WIRE_IMPOSSIBLE'
  | 'HOST_NAME_UNKNOWN'
  | 'HOST_REFUSED'
  | 'HOST_DOWN'
  | 'HOST_LOGIN_REFUSED'
  | 'HOST_KEY_UNKNOWN'
  | 'HOST_KEY_CHANGED'
  | 'HOST_CONNECTION_FAILED'
  | 'HOST_NOT_SET_UP'
  | 'HOST_SETUP_FAILED'
  | 'HOST_VERSION'
  | 'HOST_SILENT'
  | 'HOST_LOST'
  | 'HOST_NO_SPACE'
  | 'HOST_CLOCK_SET'
  | 'HOST_REQUEST_REFUSED';

/** An error that its reader can act on. `code` is stable; `message` names the thing and the remedy. */
export class ExperimentError extends Error {
  readonly code: ExperimentErrorCode;

  constructor(code: ExperimentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ExperimentError';
    this.code = code;
  }
}

/** What made one trial fail, in a sentence, and the logs that explain it. The run goes on. */
export class TrialFailure extends Error {
  readonly logs: readonly string[];
  /** False where it says nothing of what was to be measured: a run that goes on measures it again. */
  readonly isFinal: boolean;
  /** Hosts of load generators whose part is missing because of it; empty where none is, or where there is one. */
  readonly missingHosts: readonly string[];

  constructor(
    message: string,
    logs: readonly string[] = [],
    { isFinal = true, missingHosts = [] as readonly string[] } = {},
  ) {
    super(message);
    this.name = 'TrialFailure';
    this.logs = logs;
    this.isFinal = isFinal;
    this.missingHosts = missingHosts;
  }
}
