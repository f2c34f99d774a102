/** What a command answers to words that it takes: asked in this process, since a start takes most of the time. */
import { format } from 'node:util';
import type { Command } from 'commander';
import { vi } from 'vitest';

export interface Answer {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** What it prints, as to no terminal, and with which exit code it would end. Throws what it throws. */
export async function answer(command: Command, ...words: string[]): Promise<Answer> {
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).flatMap((name) => [
    vi.spyOn(process[name], 'write').mockImplementation((text: string | Uint8Array) => {
      said[name] += text;
      return true;
    }),
    vi.spyOn(console, name === 'stdout' ? 'log' : 'error').mockImplementation((...values) => {
      said[name] += `${format(...values)}\n`;
    }),
  ]);
  const ofWorker = process.exitCode;
  process.exitCode = undefined;
  try {
    await command.parseAsync(words, { from: 'user' });
    return { ...said, exitCode: Number(process.exitCode ?? 0) };
  } finally {
    process.exitCode = ofWorker;
    for (const spy of spies) spy.mockRestore();
  }
}
