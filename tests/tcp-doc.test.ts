/**
 * Holds docs/tcp.md to the tree, row by row: the files in which a rule is, the tests and scripts that hold it, and that
 * there is no script that holds none.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, read, root } from './source-tree.ts';

const STACK = 'libos/inet';
const SCRIPTS = `${STACK}/tcp/scripts`;

interface Row {
  rule: string;
  places: string[];
  holders: Holder[];
}

/** A test file with titles of its tests, or scripts by a name that may have `*`. */
interface Holder {
  name: string;
  titles: string[];
}

const cell = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name);

/** Names of files, each with the titles that follow it. */
function holdersOf(text: string): Holder[] {
  const holders: Holder[] = [];
  for (const [, name, title] of text.matchAll(/`([^`]+)`|"([^"]+)"/g)) {
    if (name !== undefined) holders.push({ name, titles: [] });
    else holders.at(-1)!.titles.push(title);
  }
  return holders;
}

/** Of the tables with four columns: RFC, rule, in, held by. Others are of other things. */
function rowsOf(text: string): Row[] {
  return [...text.matchAll(/^\| RFC \|.*\n\|---.*\n((?:\|.*\n)+)/gm)]
    .flatMap(([, rows]) => rows.trimEnd().split('\n'))
    .map((line) => {
      const cells = line.split('|').slice(1, -1);
      if (cells.length !== 4) throw new Error(`not four columns: ${line}`);
      const [, rule, places, holders] = cells.map((one) => one.trim());
      return { rule, places: cell(places), holders: holdersOf(holders) };
    });
}

const rows = rowsOf(read('docs/tcp.md'));

/** Titles of tests and groups, as they stand in the source. */
function titlesOf(file: string): string[] {
  const found = read(file).matchAll(/(?:\b(?:it|describe)|\))\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs);
  return [...found].map(([, , title]) => title.replace(/\\(.)/g, '$1'));
}

/** A title, or its beginning up to the end of a word; what stands before a colon may be left out. */
function isNamed(title: string, quoted: string): boolean {
  return [title, title.replace(/^[^:]*: /, '')].some(
    (from) => quoted !== '' && from.startsWith(quoted) && !/^\w/.test(from.slice(quoted.length)),
  );
}

/** Without a folder in tcp/, with one below inet/; tests of code in inet/ itself lie there. */
function placeOf(name: string, ending: string): string | undefined {
  const file = /\.\w+$/.test(name) ? name : `${name}${ending}`;
  return [`${STACK}/tcp/${file}`, `${STACK}/${file}`].find((path) => existsSync(join(root, path)));
}

const isScripts = (name: string): boolean => name.endsWith('.segments');
const scripts = filesBelow(SCRIPTS, /\.segments$/).map((file) => file.slice(SCRIPTS.length + 1));
const scriptsNamed = (pattern: string): string[] => {
  const whole = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`);
  return scripts.filter((script) => whole.test(script));
};

describe('docs/tcp.md', () => {
  it('has rows to look at', () => {
    expect(rows.length).toBeGreaterThan(80);
    expect(scripts.length).toBeGreaterThan(100);
    expect(rows.flatMap(({ holders }) => holders.flatMap(({ titles }) => titles)).length).toBeGreaterThan(50);
  });

  it('names in each row a file that is there', () => {
    const missing = rows.flatMap(({ rule, places }) =>
      places.length === 0
        ? [`${rule}: no file`]
        : places.filter((name) => placeOf(name, '.ts') === undefined).map((name) => `${rule}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it('names for each rule tests or scripts that are there', () => {
    const missing = rows.flatMap(({ rule, holders }) => {
      if (holders.length === 0) return [`${rule}: held by nothing`];
      return holders
        .filter(({ name }) =>
          isScripts(name)
            ? scriptsNamed(name).length === 0
            : placeOf(name, '.test.ts') === undefined && placeOf(name, '.ts') === undefined,
        )
        .map(({ name }) => `${rule}: ${name}`);
    });
    expect(missing).toEqual([]);
  });

  it('quotes titles of tests that are there', () => {
    const missing = rows.flatMap(({ holders }) =>
      holders.flatMap(({ name, titles }) => {
        const file = placeOf(name, '.test.ts');
        if (file === undefined) return titles.map((title) => `${name}: "${title}"`);
        const there = titlesOf(file);
        return titles
          .filter((quoted) => !there.some((title) => isNamed(title, quoted)))
          .map((quoted) => `${name}: "${quoted}"`);
      }),
    );
    expect(missing).toEqual([]);
  });

  it('names every script of segments', () => {
    const named = new Set(
      rows.flatMap(({ holders }) =>
        holders.filter(({ name }) => isScripts(name)).flatMap(({ name }) => scriptsNamed(name)),
      ),
    );
    expect(scripts.filter((script) => !named.has(script))).toEqual([]);
  });
});

describe('the reading of docs/tcp.md', () => {
  it('finds titles in any quotes, of groups and of tables of tests, and no others', () => {
    expect(isNamed('receive: resets (RFC 5961, 3)', 'resets')).toBe(true);
    expect(isNamed('receive: resets (RFC 5961, 3)', 'receive')).toBe(true);
    expect(isNamed('answers a SYN, and is complete', 'answers a SYN')).toBe(true);
    expect(isNamed('answers a SYNC', 'answers a SYN')).toBe(false);
    expect(isNamed('it answers a SYN', 'answers a SYN')).toBe(false);
    expect(titlesOf('libos/inet/tcp/congestion.test.ts')).toContain(
      'doubles the window each round trip in slow start',
    );
  });

  const head = '| RFC | Rule | In | Held by |\n|---|---|---|---|\n';

  it('takes the rows of tables of rules apart, and no others', () => {
    const row = '| 1, 2 | a rule | `a`, `b.ts` | `c`: "d", "e: %s"; `f/g*.segments` |\n';
    const other = '| path | Mbit/s |\n|---|---|\n| none | 923 |\n';
    expect(rowsOf(`${other}\n${head}${row}\nText.\n\n${other}`)).toEqual([
      {
        rule: 'a rule',
        places: ['a', 'b.ts'],
        holders: [
          { name: 'c', titles: ['d', 'e: %s'] },
          { name: 'f/g*.segments', titles: [] },
        ],
      },
    ]);
    expect(() => rowsOf(`${head}| 1 | a rule | \`a\` |\n`)).toThrow('not four columns');
  });
});
