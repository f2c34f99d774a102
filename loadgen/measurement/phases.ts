/** What a generator is doing, as its thread tells the main one: [phase, done in it, its total] in shared memory. */
export const phaseNames = ['connect', 'populate', 'warm-up', 'measure'] as const;
export const [CONNECT, POPULATE, WARM_UP, MEASURE] = phaseNames.keys();
