/** The categories of commands, by which Redis' ACL grants them; COMMAND LIST and COMMAND INFO tell them. */
import type { Command } from './table.ts';

/** Groups whose category has another name, or none. */
const CATEGORY_OF_GROUP: Record<string, string | null> = {
  generic: 'keyspace',
  'sorted-set': 'sortedset',
  transactions: 'transaction',
  pubsub: null,
  server: null,
};
/** Commands that have not the category of their group. */
const OF_NO_GROUP = ['client', 'object', 'pubsub', 'wait'];
/** Categories that follow from neither group nor flags. */
const FURTHER: Record<string, string[]> = {
  command: ['connection'],
  dbsize: ['keyspace'],
  flushall: ['keyspace', 'dangerous'],
  flushdb: ['keyspace', 'dangerous'],
  info: ['dangerous'],
  keys: ['dangerous'],
  swapdb: ['keyspace', 'dangerous'],
  wait: ['connection'],
};

export function categoriesOf(command: Command): string[] {
  const { flags } = command.spec;
  const has = (flag: (typeof flags)[number]) => flags.includes(flag);
  const found: string[] = [];
  if (has('write')) found.push('write');
  if (has('readonly')) found.push('read');
  if (has('blocking')) found.push('blocking');
  if (has('pubsub')) found.push('pubsub');
  if (has('admin')) found.push('admin', 'dangerous');
  found.push(has('fast') ? 'fast' : 'slow');
  const ofGroup = command.group in CATEGORY_OF_GROUP ? CATEGORY_OF_GROUP[command.group] : command.group;
  if (ofGroup !== null && !OF_NO_GROUP.includes(command.fullName)) found.push(ofGroup);
  found.push(...(FURTHER[command.fullName.split('|')[0]] ?? []));
  return [...new Set(found)];
}
