/**
 * The pages of docs/ that build something step by step: the files in them, as a reader makes these. A block of code
 * stands behind the name of its file:
 *
 *     `transport.ts`, continued:
 *
 *     ```ts
 *     ...
 *
 * Blocks of one file follow each other with an empty line between.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { read } from './source-tree.ts';

const block = /^`([\w.-]+)`(?:, continued)?:\n\n```\w+\n([\s\S]*?)^```$/gm;

/** Texts of the files that a page has, by name. */
export function filesOfTutorial(page: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const [, name, text] of read(`docs/${page}`).matchAll(block)) {
    const before = files.get(name);
    files.set(name, before === undefined ? text : `${before}\n${text}`);
  }
  return files;
}

/** Makes the files of a page in `folder`, which need not be there. */
export function writeTutorial(page: string, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of filesOfTutorial(page)) writeFileSync(join(folder, name), text);
}
