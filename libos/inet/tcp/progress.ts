/** What an acknowledgement has changed, as bits; Challenged stands alone: it must not be believed. */
export const Progress = {
  None: 0,
  /** Something may be sent that could not be before. */
  Sends: 1,
  /** New bytes are acknowledged. */
  News: 2,
  /** Our FIN is acknowledged, and all before it. */
  Fin: 4,
  Challenged: 8,
} as const;
