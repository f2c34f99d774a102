/** `npm run segments`: does scripts of segments and shows what was sent (docs/segments.md). */

import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Command } from 'commander';
import { doScript, readScript, SCRIPT_FOLDER, scriptNames } from './test-script-files.ts';

new Command('npm run segments --')
  .description(
    `Does scripts of segments (*.segments) and shows each segment with its time since the script began: < is what the
peer sends, > what the stack sends. docs/segments.md says how they are written. The exit code is 1 if one failed.`,
  )
  .argument(
    '<files...>',
    `scripts: a path, or a name below ${relative(process.cwd(), SCRIPT_FOLDER)}; all: each of those`,
  )
  .option('--quiet', 'say of each only whether it passed')
  .addHelpText(
    'after',
    `
Examples:
  npm run segments connect/handshake.segments
  npm run segments -- --quiet all
  npm run segments /tmp/my.segments`,
  )
  .action((files: string[], { quiet }: { quiet?: boolean }) => {
    let failures = 0;
    for (const file of files.flatMap((name) => (name === 'all' ? scriptNames() : name))) {
      try {
        show(existsSync(file) ? file : join(SCRIPT_FOLDER, file), quiet === true);
      } catch (error) {
        failures++;
        console.error((error as Error).message);
      }
    }
    if (failures > 0) process.exitCode = 1;
  })
  .parse();

function show(path: string, quiet: boolean): void {
  const file = relative(process.cwd(), path);
  if (!existsSync(path)) throw new Error(`${file}: there is no such file`);
  const script = readScript(path);
  if (quiet) doScript(script, file);
  else {
    console.log(`${script.rule} (${script.source})`);
    doScript(script, file, (line) => console.log(line));
  }
  console.log(`passed: ${file}`);
}
