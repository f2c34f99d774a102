/**
 * Redis' own test suite against unmodified redis-server and against a server of this project. The outcomes must be the
 * same, test by test, but for those that a file beside this one names with their reasons.
 *
 * --engine redis (the default): the port over the kernel backend, which the suite itself configures, restarts and
 * kills; reasons in differences.ts. --engine typescript: the engine in TypeScript; both servers are started here, anew
 * for each unit, and the suite talks to them from outside. The tests that left-out.ts names are run with neither.
 *
 *     npm run test:redis-suite
 *     npm run test:redis-suite -- unit/protocol unit/type/string
 *     npm run test:redis-suite -- --engine typescript unit/type/hash     # one unit: seconds to a minute
 *     npm run test:redis-suite -- --engine typescript --keep /tmp/suite unit/type/hash
 *     npm run test:redis-suite -- --part
 *
 * --keep leaves what the suite printed in FOLDER/COPY/unit-type-hash.log; else only a run with differences does.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { differences } from './differences.ts';
import { type ExternalServer, startRedisServer, startTypescript } from './external.ts';
import { leftOut, typescriptDifferences } from './left-out.ts';
import { compareOutcomes, countPassed, type Outcomes } from './outcomes.ts';
import { built, layOut, runUnit } from './suite.ts';

const unitNames = (names: string[]) => names.map((name) => `unit/${name}`);
const typeNames = (names: string[]) => names.map((name) => `unit/type/${name}`);

/** Of what both engines have. */
const COMMON_UNITS = [
  ...unitNames([
    'protocol',
    'quit',
    'keyspace',
    'scan',
    'expire',
    'other',
    'multi',
    'pubsub',
    'info-command',
    'bitops',
    'bitfield',
    'introspection',
    'tracking',
  ]),
  ...typeNames(['string', 'incr', 'list', 'list-3', 'set', 'zset', 'hash']),
];

/** All that is not about replication or clusters, whose links are made with sockets. */
const REDIS_UNITS = [
  ...COMMON_UNITS,
  ...unitNames(['auth', 'dump', 'sort', 'pubsubshard']),
  ...typeNames(['list-2', 'stream', 'stream-cgroups']),
  ...unitNames(['geo', 'hyperloglog', 'scripting', 'functions', 'acl', 'acl-v2', 'info']),
  ...unitNames(['latency-monitor', 'slowlog', 'introspection-2', 'pause', 'aofrw']),
  ...unitNames(['lazyfree', 'obuf-limits', 'querybuf', 'pendingquerybuf', 'limits', 'maxmemory']),
  ...unitNames(['client-eviction', 'replybufsize', 'networking', 'shutdown', 'memefficiency']),
];

/**
 * What `.ci/run` runs, in a minute or so: requests and replies in parts and too long ones, replies that nobody asked
 * for or that wait, clients that are too many, wait or go, transactions, the server's end.
 */
const REDIS_PART = unitNames([
  ...['protocol', 'querybuf', 'pubsub', 'obuf-limits', 'limits', 'pause', 'quit', 'multi', 'shutdown'],
]);

/** Of the engine in TypeScript: units of a few seconds. */
const TYPESCRIPT_PART = [
  ...unitNames(['protocol', 'quit', 'keyspace', 'multi', 'pubsub', 'info-command']),
  'unit/type/incr',
];

interface Contest {
  /** As the report calls the server of this project. */
  name: string;
  units: string[];
  part: string[];
  reasons: Readonly<Record<string, string>>;
  run(unit: string): Promise<{ unmodified: Outcomes; tested: Outcomes }>;
}

function redisContest(folder: string): Contest {
  const unmodified = layOut(folder, 'redis-server', 'redis-server');
  const port = layOut(folder, 'port', 'port');
  return {
    name: 'the port',
    units: REDIS_UNITS,
    part: REDIS_PART,
    reasons: differences,
    run: async (unit) => ({
      unmodified: await runUnit(unmodified, unit),
      tested: await runUnit(port, unit),
    }),
  };
}

function typescriptContest(folder: string): Contest {
  const against = async (place: string, unit: string, server: ExternalServer): Promise<Outcomes> => {
    try {
      return await runUnit(place, unit, { port: server.port, skipped: skippedOf(unit) });
    } finally {
      await server.stop();
    }
  };
  const unmodified = layOut(folder, 'redis-server', null);
  const typescript = layOut(folder, 'typescript', null);
  return {
    name: 'the TypeScript engine',
    units: COMMON_UNITS,
    part: TYPESCRIPT_PART,
    reasons: typescriptDifferences,
    run: async (unit) => ({
      unmodified: await against(unmodified, unit, await startRedisServer(folder)),
      tested: await against(typescript, unit, await startTypescript()),
    }),
  };
}

/** The tests of a unit that need what the engine in TypeScript has not. */
function skippedOf(unit: string): string[] {
  return Object.values(leftOut).flatMap((tests) => tests[unit] ?? []);
}

/** Returns how many differences have no reason. */
async function runAndReport(
  contest: Contest,
  unit: string,
): Promise<{ passed: number; unexplained: number }> {
  const startedMs = Date.now();
  let outcomes: { unmodified: Outcomes; tested: Outcomes };
  try {
    outcomes = await contest.run(unit);
  } catch (error) {
    console.log(`${unit}: ${(error as Error).message}`);
    return { passed: 0, unexplained: 1 };
  }
  const { unmodified, tested } = outcomes;
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(0);
  const passed = countPassed(tested);
  console.log(
    `${unit}: ${countPassed(unmodified)} passed with redis-server, ${passed} with ${contest.name}, ${seconds} s`,
  );
  // Servers that fail alike prove nothing.
  let unexplained = countPassed(unmodified) === 0 ? 1 : 0;
  for (const { name, unmodified: one, port: other } of compareOutcomes(unmodified, tested)) {
    const reason = contest.reasons[`${unit}: ${name}`];
    if (reason === undefined) unexplained++;
    console.log(
      `  ${name}: ${one ?? 'not run'} with redis-server, ${other ?? 'not run'} with ${contest.name}`,
    );
    if (reason !== undefined) console.log(`    ${reason}`);
  }
  return { passed, unexplained };
}

const { values, positionals } = parseArgs({
  options: {
    engine: { type: 'string', default: 'redis' },
    part: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
  allowPositionals: true,
});
if (values.engine !== 'redis' && values.engine !== 'typescript') {
  console.error(`--engine ${values.engine}: wanted redis or typescript`);
  process.exit(1);
}
if (!existsSync(join(built, 'redis-port.so'))) {
  console.error('the port of Redis is not built: run node scripts/setup.mjs, which says what it lacks');
  process.exit(1);
}
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'redis-suite-'));
const contest = values.engine === 'redis' ? redisContest(folder) : typescriptContest(folder);
let unexplained = 0;
let passed = 0;
for (const unit of positionals.length > 0 ? positionals : values.part ? contest.part : contest.units) {
  const outcome = await runAndReport(contest, unit);
  passed += outcome.passed;
  unexplained += outcome.unexplained;
}
console.log(
  `${passed} tests passed with ${contest.name}; ` +
    `${unexplained} came out otherwise than with redis-server, without a reason`,
);
if (unexplained > 0) console.log(`logs: ${folder}`);
else if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
process.exit(unexplained > 0 ? 1 : 0);
