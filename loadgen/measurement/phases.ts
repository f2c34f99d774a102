/** The phases of a generator, which its thread reports in shared memory: [phase, done in it, its total]. */
export const phaseNames = ['connect', 'populate', 'warm-up', 'measure'] as const;
export const [CONNECT, POPULATE, WARM_UP, MEASURE] = phaseNames.keys();
