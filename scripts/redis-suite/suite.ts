/** Runs units of Redis' own test suite: against a redis-server of its own, or against one that runs already. */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { freePort } from '../../experiments/index.ts';
import { hasRun, type Outcomes, readOutcomes } from './outcomes.ts';

const root = join(import.meta.dirname, '..', '..');
/** What scripts/build-redis.mjs has built. */
export const built = join(root, 'kvserver', 'redis', 'build');
export const bypassbench = join(root, 'bin', 'bypassbench');

/** The suite takes the ports of its servers from so many, and one of its own from a few below them. */
const PORTS = 1000;
const OWN_PORTS = 32;
const UNIT_TIMEOUT_MS = 900_000;
/** A test that says nothing for this long against a server that runs already has hung. */
const QUIET_SECONDS_MAX = 120;
/** Of the log of a unit of which no test was run. */
const LINES_SHOWN = 10;

/** Who is launched as src/redis-server; null: the suite is given a server that runs. */
type Launched = 'redis-server' | 'port' | null;

/** A copy of the suite. */
export function layOut(folder: string, name: string, launched: Launched): string {
  const place = join(folder, name);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(join(place, 'src'), { recursive: true });
  cpSync(join(built, 'source', 'tests'), join(place, 'tests'), { recursive: true });
  for (const program of readdirSync(join(built, 'source', 'src'))) {
    if (/^redis-(cli|benchmark|check-aof|check-rdb)$/.test(program)) {
      symlinkSync(join(built, 'source', 'src', program), join(place, 'src', program));
    }
  }
  const server = join(place, 'src', 'redis-server');
  if (launched === 'redis-server') symlinkSync(join(built, 'redis-server'), server);
  else if (launched === 'port') {
    // Redis' log, which the suite reads on standard output, is on the port's standard error.
    const serve = `'${bypassbench}' serve --frontend libos --backend kernel --engine redis`;
    writeFileSync(server, `#!/bin/sh\nexec ${serve} -- "$@" 3>&1 >/dev/null 2>&3\n`);
    chmodSync(server, 0o755);
  } else {
    withoutFunctions(join(place, 'tests', 'support', 'server.tcl'));
  }
  return place;
}

/** The suite deletes all functions before each part: of a server that knows none, too. */
function withoutFunctions(file: string): void {
  const text = readFileSync(file, 'utf8');
  const changed = text.replace('\n    r function flush\n', '\n    catch {r function flush}\n');
  if (changed === text) throw new Error(`${file} does not flush functions where it is known to`);
  writeFileSync(file, changed);
}

/** A server that runs already, and the names of the tests that are not run against it. */
export interface ExternalTarget {
  port: number;
  skipped: string[];
}

/**
 * One unit; its output is kept in a log in the copy. Without a target the suite launches its servers. Throws an error
 * that says why where no test was run.
 */
export async function runUnit(place: string, unit: string, target?: ExternalTarget): Promise<Outcomes> {
  const basePort = (await freePort('127.0.0.1')) + OWN_PORTS;
  const where = ['--baseport', `${basePort}`, '--portcount', `${PORTS}`];
  if (target !== undefined) {
    const skipFile = join(place, 'skipped');
    writeFileSync(skipFile, target.skipped.join('\n'));
    where.push('--host', '127.0.0.1', '--port', `${target.port}`);
    where.push('--timeout', `${QUIET_SECONDS_MAX}`, '--skipfile', skipFile);
  }
  const { all, stdout, timedOut } = await execa(
    'tclsh',
    ['tests/test_helper.tcl', '--single', unit, '--clients', '1', '--durable', ...where],
    { cwd: place, reject: false, all: true, timeout: UNIT_TIMEOUT_MS, stripFinalNewline: false },
  );
  const log = join(place, `${unit.replaceAll('/', '-')}.log`);
  writeFileSync(log, all ?? '');
  const outcomes = readOutcomes(timedOut ? `${stdout}\n[TIMEOUT]: the unit\n` : (stdout ?? ''));
  if (![...outcomes.values()].some(hasRun)) {
    const end = (all ?? '').trimEnd().split('\n').slice(-LINES_SHOWN).join('\n');
    throw new Error(`no test was run; ${log} ends with:\n${end}`);
  }
  return outcomes;
}
