/**
 * The targets of `npm run fuzz`, briefly: some random cases each, and every case that once failed. `npm run test:long`
 * plays each for longer, the script for hours.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { whole } from '../whole-runs.ts';
import { corpusFiles, readCorpusFile } from './corpus.ts';
import { loadTarget, targetNames } from './targets.ts';

describe('random cases', () => {
  it.each(targetNames)('of %s hold what they must', async (name) => {
    const { cases, play } = await loadTarget(name);
    await fc.assert(
      fc.asyncProperty(
        cases,
        whole(async (testCase: unknown) => play(testCase)),
      ),
    );
  });

  it.each(targetNames)('of %s are plain JSON', async (name) => {
    const { cases } = await loadTarget(name);
    for (const testCase of fc.sample(cases, 20)) {
      expect(JSON.parse(JSON.stringify(testCase))).toEqual(testCase);
    }
  });
});

describe('what once failed', () => {
  it.each(corpusFiles())('%s does not fail any more', async (file) => {
    const { target, case: testCase } = readCorpusFile(file);
    expect(file.startsWith(`${target}/`)).toBe(true);
    await (await loadTarget(target)).play(testCase);
  });
});
