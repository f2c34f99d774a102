import { describe, expect, it } from 'vitest';
import { file, folder, link, writeCpio } from './cpio.ts';

/** Reads an archive as the kernel does. */
function readCpio(archive: Buffer) {
  const found = [];
  for (let at = 0; ; ) {
    expect(at % 4, 'headers are aligned').toBe(0);
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index: number) => {
      const start = at + 6 + 8 * index;
      return Number.parseInt(archive.toString('latin1', start, start + 8), 16);
    };
    const [inode, mode, size, nameSize] = [0, 1, 6, 11].map(field);
    const name = archive.toString('utf8', at + 110, at + 110 + nameSize - 1);
    expect(archive[at + 110 + nameSize - 1]).toBe(0);
    const content = (at + 110 + nameSize + 3) & ~3;
    if (name === 'TRAILER!!!') return found;
    found.push({ inode, mode, name, content: archive.toString('utf8', content, content + size) });
    at = (content + size + 3) & ~3;
  }
}

describe('writeCpio', () => {
  it('writes folders, files and links that the kernel finds again', () => {
    const archive = writeCpio([folder('bin'), file('bin/größer', 'content'), link('bin/sh', 'busybox')]);
    expect(readCpio(archive)).toEqual([
      { inode: 1, mode: 0o040755, name: 'bin', content: '' },
      { inode: 2, mode: 0o100755, name: 'bin/größer', content: 'content' },
      { inode: 3, mode: 0o120777, name: 'bin/sh', content: 'busybox' },
    ]);
  });

  it('aligns names and contents of every length', () => {
    const entries = Array.from({ length: 9 }, (_, n) => file('n'.repeat(n + 1), 'c'.repeat(n)));
    const lengths = readCpio(writeCpio(entries)).map(({ name, content }) => [name.length, content.length]);
    expect(lengths).toEqual(entries.map((_, n) => [n + 1, n]));
  });
});
