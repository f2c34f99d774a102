/**
 * Splits a command line into words as a shell does (POSIX 2.2, Quoting), without being one: blanks separate
 * words, quotes and backslashes keep them together, and what only a shell could do is refused.
 */

/** Why a text is no list of words. */
export class WordsError extends Error {}

/** Unquoted, these mean something to a shell; `~` and `#` only do so at the start of a word. */
const SHELL_ONLY: Record<string, string> = {
  $: 'a variable',
  '`': 'the output of a command',
  '|': 'a pipe',
  '&': 'a command in the background',
  ';': 'a second command',
  '<': 'a redirection',
  '>': 'a redirection',
  '(': 'a subshell',
  ')': 'a subshell',
  '*': 'a pattern of file names',
  '?': 'a pattern of file names',
  '[': 'a pattern of file names',
};
const AT_START_OF_WORD: Record<string, string> = { '~': 'a home folder', '#': 'a comment' };
/** In double quotes a backslash quotes only these (POSIX 2.2.3); elsewhere in them it stands for itself. */
const QUOTED_BY_BACKSLASH = '$`"\\';

function refuse(character: string, meaning: string): never {
  throw new WordsError(
    `'${character}' would be ${meaning} to a shell, and there is no shell: put it in single quotes if it is meant ` +
      'as it stands',
  );
}

/** The words of `text`, empty ones in quotes included; a WordsError where it is not such a list. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (character === "'") {
      const end = text.indexOf("'", at + 1);
      if (end === -1) throw new WordsError('a single quote is not closed');
      word = (word ?? '') + text.slice(at + 1, end);
      at = end;
    } else if (character === '"') {
      const quoted = inDoubleQuotes(text, at + 1);
      word = (word ?? '') + quoted.text;
      at = quoted.end;
    } else if (character === '\\') {
      at += 1;
      if (at === text.length) throw new WordsError('a backslash at the end quotes nothing');
      word = (word ?? '') + (text[at] === '\n' ? '' : text[at]);
    } else {
      const meaning = SHELL_ONLY[character] ?? (word === null ? AT_START_OF_WORD[character] : undefined);
      if (meaning !== undefined) refuse(character, meaning);
      word = (word ?? '') + character;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

/** What stands between double quotes, from `start`, and where they close. */
function inDoubleQuotes(text: string, start: number): { text: string; end: number } {
  let quoted = '';
  for (let at = start; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '"') return { text: quoted, end: at };
    const next = text[at + 1];
    if (character === '$' || character === '`') refuse(character, SHELL_ONLY[character] as string);
    if (character === '\\' && next === '\n') at += 1;
    else if (character === '\\' && next !== undefined && QUOTED_BY_BACKSLASH.includes(next)) {
      quoted += next;
      at += 1;
    } else quoted += character;
  }
  throw new WordsError('a double quote is not closed');
}

/** One string that `splitWords` makes the same words of. */
export function joinWords(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./{}-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}
