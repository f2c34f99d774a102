import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPcapFile } from './pcap-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bypassbench-pcap-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('openPcapFile', () => {
  it('writes chunk behind chunk into a file that it empties first', () => {
    const path = join(folder, 'some.pcap');
    writeFileSync(path, 'what was here before, and longer');
    const file = openPcapFile(path);
    file.sink(Buffer.from('one, '));
    file.sink(Buffer.from('two'));
    file.close();
    expect(readFileSync(path, 'utf8')).toBe('one, two');
  });

  it('says which file it cannot make', () => {
    const path = join(folder, 'missing', 'some.pcap');
    expect(() => openPcapFile(path)).toThrow(/cannot make .*missing\/some\.pcap.*INVALID_ARGUMENT/);
  });

  it('fails when the disk is full', () => {
    const file = openPcapFile('/dev/full');
    expect(() => file.sink(Buffer.from('one'))).toThrow(/cannot write to \/dev\/full.*SYSTEM_ERROR/);
    file.close();
  });
});
