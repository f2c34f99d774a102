/** Holds the documents to the tree: a file or a link that they name is there, and so is an npm script. */
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, parts, read, root } from './source-tree.ts';

const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...filesBelow('docs', /\.md$/)];
const top = [...parts, 'tests', 'docs'].join('|');
const namedFile = new RegExp(`\`((?:${top})/[\\w./*-]+)\``, 'g');
const link = /\]\(([^)#:]+)(?:#[^)]*)?\)/g;
const npmScript = /npm run ([\w:-]+)/g;

/** `file: name` of what a pattern finds in the documents and `there` does not. */
const missing = (pattern: RegExp, there: (name: string, file: string) => boolean): string[] =>
  documents.flatMap((file) =>
    [...read(file).matchAll(pattern)]
      .filter(([, name]) => !there(name, file))
      .map(([, name]) => `${file}: ${name}`),
  );

describe('documents', () => {
  it('name files that are there', () => {
    expect(missing(namedFile, (name) => globSync(name, { cwd: root }).length > 0)).toEqual([]);
  });

  it('link to files that are there', () => {
    expect(missing(link, (name, file) => existsSync(join(root, dirname(file), name)))).toEqual([]);
  });

  it('name npm scripts that package.json has, or that of the template', () => {
    const scriptsOf = (file: string): string[] => Object.keys(JSON.parse(read(file)).scripts);
    const scripts = [...scriptsOf('package.json'), ...scriptsOf('examples/backend-template/package.json')];
    expect(missing(npmScript, (name) => scripts.includes(name))).toEqual([]);
  });
});
