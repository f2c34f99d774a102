/** `npm run segments`: does scripts of segments and shows what was sent (docs/segments.md). */

import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Command } from 'commander';
import { doScript, readScript, SCRIPT_FOLDER, scriptNames } from './test-script-files.ts';

const FOLDER = relative(process.cwd(), SCRIPT_FOLDER);

new Command('npm run segments --')
  .description(
    `Does scripts of segments (*.segments) and shows each segment with its time
since the script began: < is what the peer sends, > what the stack sends.
docs/segments.md says how they are written. The exit code is 1 if one failed.`,
  )
  .argument('<names...>', `paths, names or folders below ${FOLDER}, or all`)
  .option('--quiet', 'say of each only whether it passed')
  .addHelpText(
    'after',
    `
Examples:
  npm run segments connect/handshake
  npm run segments -- --quiet receive close
  npm run segments /tmp/my.segments`,
  )
  .action((names: string[], { quiet }: { quiet?: boolean }) => {
    let failures = 0;
    for (const path of names.flatMap(pathsOf)) {
      try {
        show(path, quiet === true);
      } catch (error) {
        failures++;
        console.error((error as Error).message);
      }
    }
    if (failures > 0) process.exitCode = 1;
  })
  .parse();

/** A file, or the scripts that ship which `name` means. */
function pathsOf(name: string): string[] {
  const of = scriptNames().filter((script) =>
    ['all', script, dirname(script), script.replace(/\.segments$/, '')].includes(name.replace(/\/$/, '')),
  );
  return of.length === 0 ? [name] : of.map((script) => join(FOLDER, script));
}

function show(path: string, quiet: boolean): void {
  if (!existsSync(path))
    throw new Error(`${path}: there is no such file, nor a script or folder below ${FOLDER}`);
  const script = readScript(path);
  if (quiet) doScript(script, path);
  else {
    console.log(`${script.rule} (${script.source})`);
    doScript(script, path, (line) => console.log(line));
  }
  console.log(`passed: ${path}`);
}
