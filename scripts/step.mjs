/**
 * A step of set-up: a command whose output goes to a log. One line says what was done and how long it took; a
 * command that fails has the end of what it wrote shown. On a terminal the line says meanwhile that the step
 * is under way. Plain JavaScript without dependencies, for Node 20 and later, since set-up runs before
 * anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const LOG = join(root, 'setup.log');
const LINES_SHOWN = 15;
/** A step that is quicker than this shows nothing meanwhile. */
const UNDER_WAY_MS = 500;

let begun = false;

export const say = (line) => console.log(`setup: ${line}`);

/**
 * Runs a command. `doing` and `done` say what it does and did. Resolves to whether it succeeded, and to what it wrote.
 */
export async function step({ doing, done, command, args, cwd = root, env = {} }) {
  const startedMs = Date.now();
  const seconds = () => ((Date.now() - startedMs) / 1000).toFixed(1);
  const shown = [command, ...args].join(' ');
  if (!begun) writeFileSync(LOG, '');
  begun = true;
  appendFileSync(LOG, `$ ${shown}\n`);

  const terminal = process.stdout.isTTY;
  const underWay = () => process.stdout.write(`\r\x1b[Ksetup: ${doing}, ${seconds()} s`);
  const ticking = terminal ? setInterval(underWay, UNDER_WAY_MS) : null;
  const { failure, output } = await run(command, args, { cwd, env });
  if (terminal) {
    clearInterval(ticking);
    process.stdout.write('\r\x1b[K');
  }
  if (failure === null) {
    say(`${done}, ${seconds()} s`);
    return { succeeded: true, output };
  }
  appendFileSync(LOG, `${failure}\n`);
  say(`${doing} failed after ${seconds()} s: ${shown} ${failure}`);
  const lines = output.trimEnd().split('\n').filter(Boolean).slice(-LINES_SHOWN);
  for (const line of lines) console.log(`  ${line}`);
  say(`all of its output is in ${LOG}`);
  return { succeeded: false, output };
}

/** Resolves to why the command failed, or null, and to what it wrote, which is in the log as well. */
function run(command, args, { cwd, env }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let output = '';
    const take = (bytes) => {
      output += bytes;
      appendFileSync(LOG, bytes);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => resolve({ failure: `cannot be run (${error.message})`, output }));
    child.on('close', (code, signal) => {
      const failure =
        code === 0 ? null : signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
      resolve({ failure, output });
    });
  });
}

/** Standard output of a command, or null when it failed or is not there. */
export function ask(command, args, env = {}) {
  const { status, stdout } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return status === 0 ? stdout.trim() : null;
}
