/** The files of scripts beside the tests, and one of them done. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TestPeer } from './test-peer.ts';
import type { SegmentScript } from './test-script.ts';
import { parseScript } from './test-script-parser.ts';
import { runScript } from './test-script-run.ts';
import { ScriptSyntaxError } from './test-script-words.ts';

export const SCRIPT_FOLDER = join(import.meta.dirname, 'scripts');

/** Names of all scripts, from the folder of scripts on, in order. */
export function scriptNames(): string[] {
  return readdirSync(SCRIPT_FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.segments'))
    .sort();
}

/** @throws Error whose message names the file and the line that cannot be read */
export function readScript(file: string): SegmentScript {
  try {
    return parseScript(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof ScriptSyntaxError) throw new Error(`${file}:${error.line}: ${error.message}`);
    throw error;
  }
}

/**
 * Runs one, and looks whether all buffers have come back.
 *
 * @throws Error whose message names the file, the line, what was expected and what came
 */
export function doScript(script: SegmentScript, file: string, onLine?: (text: string) => void): void {
  let fault: Error | null = null;
  try {
    runScript(script, file, onLine);
  } catch (error) {
    fault = error as Error;
  }
  try {
    TestPeer.checkAll();
  } catch (error) {
    // What a script has not come to may be left.
    fault ??= new Error(`${file}: behind its end: ${(error as Error).message}`);
  }
  if (fault !== null) throw fault;
}
