/** Holds what docs/STYLE.md marks as held. Each failure names the file and the line. */
import { describe, expect, it } from 'vitest';
import { circlesOf, filesBelow, importsOf, isTest, parts, read } from './source-tree.ts';

const MAX_WIDTH = 120;

const typescript = [...parts, 'tests'].flatMap((part) => filesBelow(part, /\.(ts|mjs)$/));
const c = parts.flatMap((part) => filesBelow(part, /\.[ch]$/));
const ofProgram = typescript.filter((file) => !isTest(file));

interface Line {
  file: string;
  number: number;
  text: string;
}

const linesOf = (files: readonly string[]): Line[] =>
  files.flatMap((file) =>
    read(file)
      .split('\n')
      .map((text, index) => ({ file, number: index + 1, text })),
  );

const show = ({ file, number, text }: Line): string => `${file}:${number}: ${text.trim()}`;
const matching = (files: readonly string[], pattern: RegExp): string[] =>
  linesOf(files)
    .filter(({ text }) => pattern.test(text))
    .map(show);

describe('style', () => {
  it('has sources to look at', () => {
    expect(typescript).toContain('libos/core.ts');
    expect(c).toContain('libos/native/port.c');
  });

  it(`keeps comments within ${MAX_WIDTH} characters`, () => {
    const wide = linesOf([...typescript, ...c]).filter(
      ({ text }) => text.length > MAX_WIDTH && /^\s*(\/\/|\/\*|\*)/.test(text),
    );
    expect(wide.map(show)).toEqual([]);
  });

  it('writes private members as #x', () => {
    expect(matching(typescript, /^\s+private (?!constructor)/)).toEqual([]);
  });

  it('asserts nothing behind an index', () => {
    expect(matching(typescript, /\w\]!(?!=)/)).toEqual([]);
  });

  it('gives the shape of an object as an interface', () => {
    const shape = /^(?:export )?type \w+(?:<[^=\n]*>)? = \{(?!\s*\n?\s*\[)[^{}]*\};$/gm;
    const found = typescript.flatMap((file) =>
      [...read(file).matchAll(shape)].map(([text]) => `${file}: ${text.split('\n', 1)[0]}`),
    );
    expect(found).toEqual([]);
  });

  it("writes a module's literals in capitals", () => {
    const literal = /^(?:export )?const [a-z]\w* = (?:'[^']*'|[\d._]+n?(?: [-+*/] [\d._]+)*);$/;
    expect(matching(ofProgram, literal)).toEqual([]);
  });

  it('leaves nothing to be done', () => {
    expect(matching([...typescript, ...c], /\b(?:TO[D]O|FIX[M]E|X[X]X)\b/)).toEqual([]);
  });

  it('defines an exported type once', () => {
    const exported = /^export (?:abstract )?(?:class|interface|type) (\w+)\b(?! *from)/gm;
    const places = new Map<string, string[]>();
    for (const file of ofProgram) {
      for (const [, name] of read(file).matchAll(exported)) {
        places.set(name, [...(places.get(name) ?? []), file]);
      }
    }
    const twice = [...places].filter(([, files]) => files.length > 1);
    expect(twice.map(([name, files]) => `${name}: ${files.join(', ')}`)).toEqual([]);
  });

  it('has no circles of types either', () => {
    expect(circlesOf(ofProgram.flatMap(importsOf))).toEqual([]);
  });
});
