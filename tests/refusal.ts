/**
 * What a command answers to words that it refuses, and to --help: asked in this process, since a start takes most of
 * the time.
 */
import type { Command } from 'commander';

/**
 * What bin/bypassbench.ts prints then, before it ends with exit code 1. Fails where the command does what it was asked,
 * and where it fails by a fault of its own.
 */
export async function refusal(command: Command, ...words: string[]): Promise<string> {
  let said = '';
  for (const one of [command, ...command.commands]) {
    one.exitOverride().configureOutput({
      writeErr: (text) => {
        said += text;
      },
    });
  }
  try {
    await command.parseAsync(words, { from: 'user' });
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown };
    if (typeof code !== 'string') throw error;
    return said === '' ? `bypassbench: ${message}\n` : said;
  }
  throw new Error(`${command.name()} was not refused: ${words.join(' ')}`);
}

/** What it prints with --help. */
export async function help(command: Command): Promise<string> {
  let said = '';
  command.exitOverride().configureOutput({
    writeOut: (text) => {
      said += text;
    },
  });
  await command.parseAsync(['--help'], { from: 'user' }).catch((error: Error & { code?: unknown }) => {
    if (error.code !== 'commander.helpDisplayed') throw error;
  });
  return said;
}
