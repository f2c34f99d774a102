/**
 * A command that its author wrote, with placeholders and the kind of its right reply:
 *
 *     HSET user:{key} field {value} -> integer
 *     GET {key} -> value; SET {key} {value} -> ok
 *
 * Words are divided by blanks; what stands between double quotes is one word. Of several commands, divided by
 * semicolons, each is sent when the one before it has its right reply, and all of them together are one sample.
 */

export const replyKinds = ['ok', 'integer', 'value', 'values', 'bulk', 'array', 'nil', 'any'] as const;
export type ReplyKind = (typeof replyKinds)[number];

/** A word is some text with placeholders in it. */
export type WordPart =
  | { kind: 'text'; text: string }
  /** The key, and one that does not exist yet: `key:` and twelve digits. */
  | { kind: 'key' | 'new_key' }
  /** The value of the key; a word of its own. */
  | { kind: 'value' }
  /** One to `most` keys, the key and those that follow it: as many words. */
  | { kind: 'keys'; most: number };

export interface CommandStep {
  words: readonly (readonly WordPart[])[];
  reply: ReplyKind;
}

/** Keys of one request, at most. */
const KEYS_MAX = 1000;
const PLACEHOLDERS = '{key}, {new_key}, {value}, {keys:100}';

/** Its steps; a string with what is wrong, a sentence, where it is no command. */
export function parseCommand(text: string): CommandStep[] | string {
  const steps: CommandStep[] = [];
  for (const part of text.split(';')) {
    const step = parseStep(part);
    if (typeof step === 'string') return step;
    steps.push(step);
  }
  const kinds = steps.map(({ words }) => new Set(words.flat().map(({ kind }) => kind)));
  if (kinds.some((step) => step.has('new_key')) && kinds.length > 1) {
    return 'A command with {new_key} stands alone: no other step can name that key.';
  }
  return steps;
}

function parseStep(text: string): CommandStep | string {
  const [request, kind, ...more] = text.split('->').map((part) => part.trim());
  const reply = replyKinds.find((known) => known === kind);
  if (kind === undefined || more.length > 0 || reply === undefined) {
    return `'${text.trim()}' does not end with the kind of its reply: -> ${replyKinds.join(', -> ')}.`;
  }
  const words: WordPart[][] = [];
  for (const word of wordsOf(request)) {
    const parts = partsOf(word);
    if (typeof parts === 'string') return parts;
    words.push(parts);
  }
  return fault(words, reply) ?? { words, reply };
}

function wordsOf(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
}

function partsOf(word: string): WordPart[] | string {
  const parts: WordPart[] = [];
  for (const [, name, plain] of word.matchAll(/\{([^{}]*)\}|([^{]+|\{)/g)) {
    if (plain !== undefined) {
      parts.push({ kind: 'text', text: plain });
      continue;
    }
    const part = placeholder(name);
    if (part === null) return `There is no placeholder {${name}}: there are ${PLACEHOLDERS}.`;
    parts.push(part);
  }
  return parts.length === 0 ? [{ kind: 'text', text: '' }] : parts;
}

function placeholder(name: string): WordPart | null {
  if (name === 'key' || name === 'new_key' || name === 'value') return { kind: name };
  const most = /^keys:(\d{1,4})$/.exec(name)?.[1];
  if (most === undefined || Number(most) < 1 || Number(most) > KEYS_MAX) return null;
  return { kind: 'keys', most: Number(most) };
}

function fault(words: readonly WordPart[][], reply: ReplyKind): string | null {
  const [first] = words;
  if (first === undefined || first.some(({ kind }) => kind !== 'text')) {
    return 'A command begins with its name, such as GET.';
  }
  const parts = words.flat();
  const count = (kind: WordPart['kind']): number => parts.filter((part) => part.kind === kind).length;
  const alone = words.filter((word) => word.length > 1).flat();
  if (alone.some(({ kind }) => kind === 'value' || kind === 'keys')) {
    return '{value} and {keys:...} are words of their own.';
  }
  if (count('value') > 1 || count('keys') > 1) return 'A command has one {value} and one {keys:...} at most.';
  const named = ['key', 'new_key', 'keys'].filter((kind) => count(kind as WordPart['kind']) > 0);
  if (named.length > 1) return 'A command has {key}, {new_key} or {keys:...}, and not two of them.';
  if (count('value') > 0 && (named[0] ?? 'keys') === 'keys') {
    return '{value} is the value of a key: the command needs {key} or {new_key} too.';
  }
  if (reply === 'value' && named[0] !== 'key')
    return 'A reply of kind value is that of {key}, which the command lacks.';
  if (reply === 'values' && named[0] !== 'keys') {
    return 'Replies of kind values are those of {keys:...}, which the command lacks.';
  }
  return null;
}
