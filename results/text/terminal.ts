/** What the commands of `results` know of the terminal that they print to, and what they print on it. */
import { stripVTControlCharacters } from 'node:util';
import { wrapWords } from './wrap.ts';

export interface Terminal {
  /** Width in characters. */
  columns: number;
  /** Whether to colour verdicts. */
  color: boolean;
}

/** Columns where the output is no terminal, or one that does not know its width. */
const COLUMNS_WITHOUT_TERMINAL = 100;

/** Standard output. Node's `hasColors` heeds NO_COLOR and FORCE_COLOR. */
export function terminal(): Terminal {
  return {
    columns: process.stdout.columns || COLUMNS_WITHOUT_TERMINAL,
    color: process.stdout.isTTY === true && process.stdout.hasColors(),
  };
}

/** Data must not steer the terminal. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, ' ');
}

/** The lines of a paragraph, all of them behind `indent`, or the first one behind `first`, which is as wide. */
export function paragraph(text: string, columns: number, indent = '', first = indent): string[] {
  const fits = (line: string): boolean => line.length + indent.length <= columns;
  return wrapWords(printable(text), fits).map((line, index) => (index === 0 ? first : indent) + line);
}
