/** The command table of a running server, as COMMAND and COMMAND DOCS tell it. */
import { Redis } from 'ioredis';

export interface TableCommand {
  /** "get", or "config|get". */
  name: string;
  group: string;
  /** What must be alike in two servers, as text: arity, flags, keys and categories. */
  shape: string;
  subcommands: TableCommand[];
}

/** A reply of COMMAND for one command, and of COMMAND DOCS. */
type Info = [
  name: string,
  arity: number,
  flags: string[],
  first: number,
  last: number,
  step: number,
  categories: string[],
  tips: unknown,
  specifications: unknown,
  subcommands: Info[],
];
type Docs = (string | string[])[];

export async function readTable(port: number): Promise<TableCommand[]> {
  const client = new Redis({ port, host: '127.0.0.1' });
  try {
    const infos = (await client.call('COMMAND')) as Info[];
    const docs = (await client.call('COMMAND', 'DOCS')) as (string | Docs)[];
    const groups = new Map<string, string>();
    for (let i = 0; i < docs.length; i += 2) {
      const described = docs[i + 1] as Docs;
      groups.set(docs[i] as string, described[described.indexOf('group') + 1] as string);
    }
    return infos.map((info) => fromInfo(info, groups.get(info[0])!)).sort(byName);
  } finally {
    client.disconnect();
  }
}

function fromInfo(info: Info, group: string): TableCommand {
  const [name, arity, flags, first, last, step, categories, , , subcommands] = info;
  const shape = [
    `arity ${arity}`,
    `flags ${[...flags].sort().join(' ') || 'none'}`,
    `keys ${first} ${last} ${step}`,
    `categories ${[...categories].sort().join(' ')}`,
  ].join(', ');
  return { name, group, shape, subcommands: subcommands.map((each) => fromInfo(each, group)).sort(byName) };
}

const byName = (one: TableCommand, other: TableCommand) => (one.name < other.name ? -1 : 1);
