/**
 * Redis' own test suite against unmodified redis-server and against the port over the kernel backend: the suite itself
 * configures, restarts and kills both. The outcomes must be the same, test by test.
 *
 *     npm run test:redis-suite
 *     npm run test:redis-suite -- unit/protocol unit/type/string
 *     npm run test:redis-suite -- --part
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { differences } from './differences.ts';
import { compareOutcomes, countPassed, type Outcomes, readOutcomes } from './outcomes.ts';

/** All that is not about replication or clusters, whose links are made with sockets. */
const UNITS = [
  ...[
    'protocol',
    'auth',
    'quit',
    'keyspace',
    'scan',
    'dump',
    'sort',
    'expire',
    'other',
    'multi',
    'pubsub',
    'pubsubshard',
  ],
  ...['string', 'incr', 'list', 'list-2', 'list-3', 'set', 'zset', 'hash', 'stream', 'stream-cgroups'].map(
    (type) => `type/${type}`,
  ),
  ...[
    'bitops',
    'bitfield',
    'geo',
    'hyperloglog',
    'scripting',
    'functions',
    'acl',
    'acl-v2',
    'info',
    'info-command',
  ],
  ...[
    'latency-monitor',
    'slowlog',
    'introspection',
    'introspection-2',
    'tracking',
    'pause',
    'aofrw',
    'lazyfree',
  ],
  ...['obuf-limits', 'querybuf', 'pendingquerybuf', 'limits', 'maxmemory', 'client-eviction', 'replybufsize'],
  ...['networking', 'shutdown', 'memefficiency'],
].map((unit) => `unit/${unit}`);

/**
 * What `.ci/run` runs, in a minute or so: requests and replies in parts and too long ones, replies that nobody asked
 * for or that wait, clients that are too many, wait or go, transactions.
 */
const PART = ['protocol', 'querybuf', 'pubsub', 'obuf-limits', 'limits', 'pause', 'quit', 'multi'].map(
  (unit) => `unit/${unit}`,
);

const root = join(import.meta.dirname, '..', '..');
const built = join(root, 'kvserver', 'redis', 'build');
/** Ports for the suite's servers; each unit gets them anew. */
const BASE_PORT = 26_111;
const UNIT_TIMEOUT_MS = 900_000;

type Server = 'redis-server' | 'port';

/** A copy of the suite whose src/redis-server is one of the two. */
function layOut(folder: string, server: Server): string {
  const place = join(folder, server);
  mkdirSync(join(place, 'src'), { recursive: true });
  cpSync(join(built, 'source', 'tests'), join(place, 'tests'), { recursive: true });
  for (const program of readdirSync(join(built, 'source', 'src'))) {
    if (/^redis-(cli|benchmark|check-aof|check-rdb)$/.test(program)) {
      symlinkSync(join(built, 'source', 'src', program), join(place, 'src', program));
    }
  }
  const launched = join(place, 'src', 'redis-server');
  if (server === 'redis-server') symlinkSync(join(built, 'redis-server'), launched);
  else {
    // Redis' log, which the suite reads on standard output, is on the port's standard error.
    const serve = `'${join(root, 'bin', 'bypassbench')}' serve --frontend libos --backend kernel --engine redis`;
    writeFileSync(launched, `#!/bin/sh\nexec ${serve} -- "$@" 3>&1 >/dev/null 2>&3\n`);
    chmodSync(launched, 0o755);
  }
  return place;
}

/** One unit; its output is kept in a log beside. */
async function runUnit(place: string, unit: string): Promise<Outcomes> {
  const { stdout, timedOut } = await execa(
    'tclsh',
    ['tests/test_helper.tcl', '--single', unit, '--clients', '1', '--durable', '--baseport', `${BASE_PORT}`],
    { cwd: place, reject: false, stderr: 'inherit', timeout: UNIT_TIMEOUT_MS, stripFinalNewline: false },
  );
  writeFileSync(join(place, `${unit.replaceAll('/', '-')}.log`), stdout);
  return readOutcomes(timedOut ? `${stdout}\n[TIMEOUT]: the unit\n` : stdout);
}

/** Returns how many differences have no reason. */
function report(unit: string, unmodified: Outcomes, port: Outcomes, seconds: number): number {
  console.log(
    `${unit}: ${countPassed(unmodified)} passed with redis-server, ${countPassed(port)} with the port, ${seconds.toFixed(0)} s`,
  );
  let unexplained = 0;
  for (const { name, unmodified: one, port: other } of compareOutcomes(unmodified, port)) {
    const reason = differences[`${unit}: ${name}`];
    if (reason === undefined) unexplained++;
    console.log(`  ${name}: ${one ?? 'not run'} with redis-server, ${other ?? 'not run'} with the port`);
    if (reason !== undefined) console.log(`    ${reason}`);
  }
  return unexplained;
}

const { values, positionals } = parseArgs({
  options: { part: { type: 'boolean', default: false }, keep: { type: 'string' } },
  allowPositionals: true,
});
if (!existsSync(join(built, 'redis-port.so'))) {
  console.error('the port of Redis is not built: run node scripts/setup.mjs, which says what it lacks');
  process.exit(1);
}
const units = positionals.length > 0 ? positionals : values.part ? PART : UNITS;
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'redis-suite-'));
const unmodified = layOut(folder, 'redis-server');
const port = layOut(folder, 'port');
let unexplained = 0;
let passed = 0;
for (const unit of units) {
  const startedMs = Date.now();
  const expected = await runUnit(unmodified, unit);
  const found = await runUnit(port, unit);
  passed += countPassed(found);
  unexplained += report(unit, expected, found, (Date.now() - startedMs) / 1000);
}
console.log(
  `${passed} tests passed with the port; ${unexplained} came out otherwise than with redis-server, without a reason`,
);
if (unexplained > 0) console.log(`logs: ${folder}`);
else if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
process.exit(unexplained > 0 ? 1 : 0);
