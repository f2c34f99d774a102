/** Cases that once failed: a file each, in corpus/TARGET/. Each says what it found. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Found } from './target.ts';
import { isTargetName, type TargetName } from './targets.ts';

const folder = join(import.meta.dirname, 'corpus');

/** Paths from the corpus' folder, in order. */
export function corpusFiles(): string[] {
  return globSync('*/*.json', { cwd: folder }).sort();
}

export function readCorpusFile(file: string): Found & { target: TargetName } {
  return readFound(join(folder, file));
}

/** Throws what is wrong with the file. */
export function readFound(path: string): Found & { target: TargetName } {
  const { target, found, case: testCase } = JSON.parse(readFileSync(path, 'utf8')) as Found;
  if (!isTargetName(target)) throw new Error(`${path}: there is no target '${target}'`);
  if (typeof found !== 'string' || found === '') throw new Error(`${path} does not say what it found`);
  if (testCase === undefined) throw new Error(`${path} has no case`);
  return { target, found, case: testCase };
}
