/**
 * A command that its author wrote, with placeholders and the kind of its right reply:
 *
 *     HSET user:{key} field {value} -> integer
 *     GET {key} -> value; SET {key} {value} -> ok
 *     ZRANGEBYSCORE index {number} +inf LIMIT 0 {count:100} -> keys; HGETALL {each} -> fields:10
 *
 * Words are divided by blanks; what stands between double quotes is one word. Of several commands, divided by
 * semicolons, each is sent when the one before it has its right reply, and all of them together are one sample.
 */

const plainReplies = ['ok', 'integer', 'value', 'values', 'keys', 'bulk', 'array', 'nil', 'any'] as const;
export const replyKinds = [...plainReplies, 'fields'] as const;
export type ReplyKind = (typeof replyKinds)[number];

/** A word is some text with placeholders in it. */
export type WordPart =
  | { kind: 'text'; text: string }
  /** The key, and one that does not exist yet: `key:` and twelve digits. */
  | { kind: 'key' }
  | { kind: 'new_key' }
  /** Each of the keys that the step before asked for, one after the other. */
  | { kind: 'each' }
  /** The digits of the key alone. */
  | { kind: 'number' }
  /** The value of the key, or of the field that the command names; a word of its own. */
  | { kind: 'value' }
  /** One to `most` keys, the key and those that follow it: as many words. */
  | { kind: 'keys'; most: number }
  /** Their number, from the key on: a word. */
  | { kind: 'count'; most: number }
  /** Name of one of the so many fields of a record, by chance: a word. */
  | { kind: 'field'; of: number }
  /** Names and values of all of them, in turn: as many words. */
  | { kind: 'fields'; of: number };

export interface CommandStep {
  words: readonly (readonly WordPart[])[];
  reply: ReplyKind;
  /** Of the record that is written or read; 0 where the command knows of none. */
  fields: number;
}

/** Keys of one request, at most. */
const KEYS_MAX = 1000;
/** Fields of a record, at most. */
export const FIELDS_MAX = 32;
const PLACEHOLDERS =
  '{key}, {new_key}, {value}, {keys:100}, {field:10}, {fields:10}, {number}, {count:100}, {each}';
/** What stands in a word of its own. */
const wholeWords: readonly WordPart['kind'][] = ['value', 'keys', 'count', 'field', 'fields'];

/** Its steps; a string with what is wrong, a sentence, where it is no command. */
export function parseCommand(text: string): CommandStep[] | string {
  const steps: CommandStep[] = [];
  for (const part of text.split(';')) {
    const step = parseStep(part);
    if (typeof step === 'string') return step;
    steps.push(step);
  }
  return faultOfSteps(steps) ?? steps;
}

/** What a command has of a kind. */
export function partsOfKind<Kind extends WordPart['kind']>(
  { words }: Pick<CommandStep, 'words'>,
  kind: Kind,
): Extract<WordPart, { kind: Kind }>[] {
  return words.flat().filter((part): part is Extract<WordPart, { kind: Kind }> => part.kind === kind);
}

function faultOfSteps(steps: readonly CommandStep[]): string | null {
  const has = (step: CommandStep | undefined, ...kinds: WordPart['kind'][]): boolean =>
    step?.words.flat().some(({ kind }) => kinds.includes(kind)) ?? false;
  for (const [index, step] of steps.entries()) {
    if (index > 0 && has(step, 'new_key'))
      return '{new_key} is of the first step: the others name it as {key}.';
    if (!has(step, 'each')) continue;
    if (!has(steps[index - 1], 'keys', 'count')) {
      return '{each} is each of the keys that the step before asks for by {count:...} or {keys:...}.';
    }
    if (index + 1 < steps.length) return 'A step with {each} is the last one.';
  }
  return null;
}

function parseStep(text: string): CommandStep | string {
  const [request, kind = '', ...more] = text.split('->').map((part) => part.trim());
  const reply = more.length === 0 ? replyOf(kind) : null;
  if (reply === null) {
    const kinds = [...plainReplies, 'fields:10'].join(', -> ');
    return `'${text.trim()}' does not end with the kind of its reply: -> ${kinds}.`;
  }
  const words: WordPart[][] = [];
  for (const word of wordsOf(request)) {
    const parts = partsOf(word);
    if (typeof parts === 'string') return parts;
    words.push(parts);
  }
  const written = words
    .flat()
    .flatMap((part) => (part.kind === 'field' || part.kind === 'fields' ? part.of : []));
  const fields = reply.fields === 0 ? (written[0] ?? 0) : reply.fields;
  if (written.some((of) => of !== fields)) return 'A command knows of records with one number of fields.';
  return fault(words, reply.kind) ?? { words, reply: reply.kind, fields };
}

function replyOf(text: string): { kind: ReplyKind; fields: number } | null {
  const kind = plainReplies.find((known) => known === text);
  if (kind !== undefined) return { kind, fields: 0 };
  const fields = numberIn(/^fields:(\d{1,4})$/.exec(text)?.[1], FIELDS_MAX);
  return fields === null ? null : { kind: 'fields', fields };
}

/** From 1 to `most`; null for any other. */
function numberIn(text: string | undefined, most: number): number | null {
  const number = Number(text ?? 0);
  return number >= 1 && number <= most ? number : null;
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

function placeholder(text: string): WordPart | null {
  const [, name = '', number] = /^(\w+)(?::(\d{1,4}))?$/.exec(text) ?? [];
  switch (name) {
    case 'key':
    case 'new_key':
    case 'each':
    case 'number':
    case 'value':
      return number === undefined ? { kind: name } : null;
    case 'keys':
    case 'count': {
      const most = numberIn(number, KEYS_MAX);
      return most === null ? null : { kind: name, most };
    }
    case 'field':
    case 'fields': {
      const of = numberIn(number, FIELDS_MAX);
      return of === null ? null : { kind: name, of };
    }
    default:
      return null;
  }
}

function fault(words: readonly WordPart[][], reply: ReplyKind): string | null {
  const [first] = words;
  if (first === undefined || first.some(({ kind }) => kind !== 'text')) {
    return 'A command begins with its name, such as GET.';
  }
  const parts = words.flat();
  const count = (...kinds: WordPart['kind'][]): number =>
    parts.filter(({ kind }) => kinds.includes(kind)).length;
  const alone = words.filter((word) => word.length > 1).flat();
  const within = alone.find(({ kind }) => wholeWords.includes(kind));
  if (within !== undefined) return `{${within.kind}} is a word of its own.`;
  const twice = wholeWords.find((kind) => count(kind) > 1);
  if (twice !== undefined) return `A command has one {${twice}} at most.`;
  const named = (['key', 'new_key', 'keys', 'each'] as const).filter((kind) => count(kind) > 0);
  if (named.length > 1) return 'A command has {key}, {new_key}, {keys:...} or {each}, and not two of them.';
  const [name = 'none'] = named;
  if (count('value', 'fields') > 0 && name !== 'key' && name !== 'new_key') {
    const written = count('value') > 0 ? '{value} is the value' : '{fields:...} are the values';
    return `${written} of a key: the command needs {key} or {new_key} too.`;
  }
  if (count('value', 'fields') > 1) return 'A command has {value} or {fields:...}, and not both.';
  if (count('field') > count('value'))
    return '{field:...} is the field of a {value}, which the command lacks.';
  if (count('count') > 0 && count('number') === 0) {
    return '{count:...} is how many keys follow {number}, which the command lacks.';
  }
  if (count('count') > 0 && name !== 'none') return 'A command with {count:...} has a {number}, and no key.';
  return faultOfReply(reply, name, count('count') > 0);
}

/** @param name kind of the key that the command has; @param counts whether it asks for so many keys */
function faultOfReply(reply: ReplyKind, name: string, counts: boolean): string | null {
  if (reply === 'value' && name !== 'key' && name !== 'each')
    return 'A reply of kind value is that of {key}, which the command lacks.';
  if (reply === 'values' && name !== 'keys') {
    return 'Replies of kind values are those of {keys:...}, which the command lacks.';
  }
  if (reply === 'fields' && name !== 'key' && name !== 'each') {
    return 'A reply of kind fields is that of {key} or {each}, which the command lacks.';
  }
  if (reply === 'keys' && !counts)
    return 'A reply of kind keys is that of {count:...}, which the command lacks.';
  return null;
}
