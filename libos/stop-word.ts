/**
 * What the word says that a data path and its main thread share: nothing yet, that it is to stop, that it
 * knows.
 */
export const StopWord = { Running: 0, Asked: 1, Heard: 2 } as const;
