/** The errors of `results`: each names the file it is about and what to do. */

export type ResultsErrorCode =
  | 'RUN_NOT_FOUND'
  | 'RUNS_NOT_JOINED'
  | 'OUT_MISSING'
  | 'NOT_A_RUN_FOLDER'
  | 'RUN_WITHOUT_TRIALS'
  | 'RUN_FILE_MISSING'
  | 'RUN_FILE_UNREADABLE'
  | 'RUN_FILE_INVALID'
  | 'RUN_SCHEMA_UNKNOWN'
  | 'HISTOGRAM_CORRUPT'
  | 'STAMPS_UNREADABLE'
  | 'STAGES_UNREADABLE'
  | 'SLICES_UNREADABLE'
  | 'REFERENCE_UNKNOWN'
  | 'REPORT_NOT_WRITTEN'
  | 'EXPORT_NOT_WRITTEN'
  | 'FONT_NOT_FOUND'
  | 'PLOT_OPTION_INVALID'
  | 'PLOT_STYLE_INVALID'
  | 'PLOT_EMPTY'
  | 'PAGE_UNMARKED'
  | 'CLAIMS_UNREADABLE'
  | 'CLAIMS_INVALID';

/** An error that its reader can act on. `code` is stable; `message` names the file and the remedy. */
export class ResultsError extends Error {
  readonly code: ResultsErrorCode;

  constructor(code: ResultsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ResultsError';
    this.code = code;
  }
}
