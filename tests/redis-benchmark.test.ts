/** `bypassbench redis-benchmark` beside redis-benchmark itself, on one redis-server. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { command } from '../loadgen/redis-benchmark/command.ts';
import { answer } from './answer.ts';
import { LoadedRedis } from './loaded-redis.ts';
import { refusal } from './refusal.ts';

const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const execute = promisify(execFile);

const redis = new LoadedRedis();
beforeEach(async () => {
  await redis.client.flushall();
  await redis.client.config('RESETSTAT');
});

/** What ours and theirs print. */
async function ours(...args: string[]): Promise<string> {
  return (await answer(command(), '-p', `${redis.port}`, ...args)).stdout;
}
async function theirs(...args: string[]): Promise<string> {
  const { stdout } = await execute('redis-benchmark', ['-p', `${redis.port}`, ...args]);
  // What it draws while it runs, each time from the left.
  return stdout.replace(/[^\n]*\r/g, '');
}

/** What is said of a run that must fail. */
const failure = (...args: string[]): Promise<string> => refusal(command(), '-p', `${redis.port}`, ...args);

/** All commands that the server got meanwhile, but those of its settings, and what was printed. */
async function heard(work: () => Promise<string>): Promise<{ sent: string[][]; printed: string }> {
  const commands: string[][] = [];
  const monitor = await redis.client.monitor();
  monitor.on('monitor', (_time: string, words: string[]) => commands.push(words));
  const printed = await work();
  const sawAll = new Promise((resolve) => {
    monitor.on('monitor', (_time: string, [name]: string[]) => name === 'echo' && resolve(null));
  });
  await redis.client.echo('end');
  await sawAll;
  monitor.disconnect();
  return { sent: commands.filter(([name]) => !['echo', 'CONFIG', 'info'].includes(name)), printed };
}

describe('bypassbench redis-benchmark', () => {
  it('sends what redis-benchmark sends, test after test, and prints its lines', async () => {
    const flags = ['-n', '1', '-c', '1', '-d', '20', '--csv', '--dbnum', '2'];
    const own = await heard(() => ours(...flags));
    const other = await heard(() => theirs(...flags));
    expect(own.sent.filter(([name]) => name !== 'SELECT')).toHaveLength(20);
    // Ours selects the database on each connection; theirs in the test's first request.
    expect(own.sent).toEqual(other.sent);
    const names = (csv: string) => csv.split('\n').map((line, i) => (i === 0 ? line : line.split(',')[0]));
    expect(names(own.printed)).toEqual(names(other.printed));
  });

  it('prints as redis-benchmark does', async () => {
    const flags = ['-n', '2000', '-c', '3'];
    const shape = (text: string) => text.replace(/\d+/g, '#').replace(/^( +#\.#){6}$/gm, 'numbers');
    const quiet = [...flags, '-q', '-t', 'ping,set'];
    expect(shape(await ours(...quiet))).toBe(shape(await theirs(...quiet)));
    // There are as many lines of a distribution as it has steps, and the settings of the server are left out.
    const lines = /^#.#% <= .*\n|^ +host configuration .*\n/gm;
    const long = [...flags, '-t', 'lrange_100', '-P', '2'];
    const [own, other] = [await ours(...long), await theirs(...long)].map(shape);
    expect(own.replace(lines, '')).toBe(other.replace(lines, ''));
    expect(own).toMatch(
      /Latency by percentile distribution:\n#\.#% <= #\.# milliseconds \(cumulative count #\)\n/,
    );
  });

  it.each([
    [1003, 3, 16],
    [5, 20, 1],
  ])('sends exactly %i requests over %i connections in pipelines of %i', async (n, c, P) => {
    await ours('-n', `${n}`, '-c', `${c}`, '-P', `${P}`, '-t', 'incr', '-q');
    expect(await redis.calls('incr')).toBe(n);
    expect(await redis.client.get('counter:__rand_int__')).toBe(`${n}`);
  });

  it('draws keys at random with -r, of a seed', async () => {
    const keys = async (seed: string): Promise<string[]> => {
      await redis.client.flushall();
      await ours('-n', '60', '-r', '1000', '-t', 'set', '--seed', seed, '-q');
      return (await redis.client.keys('*')).sort();
    };
    const drawn = await keys('1');
    expect(drawn.length).toBeGreaterThan(45);
    expect(drawn.every((key) => /^key:000000000\d{3}$/.test(key))).toBe(true);
    expect(await keys('1')).toEqual(drawn);
    await ours('-n', '200', '-r', '3', 'mset', 'a:__rand_int__', '1', 'b:__rand_int__', '2');
    expect((await redis.client.keys('[ab]:*')).sort()).toEqual(
      ['a', 'b'].flatMap((name) => [0, 1, 2].map((digit) => `${name}:00000000000${digit}`)),
    );
  });

  it('runs a command of its own, with its dashes, and reads the last word', async () => {
    const printed = await ours('-n', '10', '-q', 'zadd', 'z', 'XX', '-1', '-q');
    expect(printed).toMatch(/^zadd z XX -1 -q: [\d.]+ requests per second/);
    const reading = execute(bypassbench, [
      'redis-benchmark',
      '-p',
      `${redis.port}`,
      '-n',
      '1',
      '-x',
      'set',
      'k',
    ]);
    reading.child.stdin?.end('from\nfar');
    await reading;
    expect(await redis.client.get('k')).toBe('from\nfar');
  });

  it('speaks RESP3 with -3, as redis-benchmark does, also where nothing is there', async () => {
    const flags = ['-3', '-n', '1', '-c', '1', '-t', 'get,lpop,zadd,zpopmin', '-q', '--dbnum', '1'];
    const asked = (sent: string[][]): string[] =>
      sent.map(([name]) => name).filter((name) => name !== 'SELECT');
    const { sent } = await heard(() => ours(...flags));
    expect(asked(sent)).toEqual(asked((await heard(() => theirs(...flags))).sent));
    expect(sent).toContainEqual(['HELLO', '3']);
    // A map, of which RESP2 has none.
    expect(await ours('-3', '-n', '20', '-P', '4', '-q', 'hello', '3')).toMatch(/^hello 3: /);
  });

  it('opens a connection for each request, or pipeline of them, with -k 0', async () => {
    const opened = async (...flags: string[]): Promise<number> => {
      await redis.client.config('RESETSTAT');
      await ours('-n', '120', '-c', '4', '-t', 'incr', '-q', '-k', '0', ...flags);
      expect(await redis.calls('incr')).toBe(120);
      const [, count] = /total_connections_received:(\d+)/.exec(await redis.client.info('stats'))!;
      return Number(count);
    };
    // As redis-benchmark, which opens further ones while the last requests are under way.
    expect(await opened()).toBeGreaterThanOrEqual(120);
    expect(await opened('-P', '10')).toBeLessThanOrEqual(12 + 8);
    expect(await ours('-n', '10', '-t', 'incr', '-k', '0')).toContain('  keep alive: 0\n');
  });

  it('holds connections idle with -I until it is told to end', async () => {
    // The server may still have those of the test before.
    while ((await redis.clients()) > 1) await sleep(5);
    const idle = spawn(bypassbench, ['redis-benchmark', '-p', `${redis.port}`, '-I', '-c', '7'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    for await (const text of idle.stdout.setEncoding('utf8')) {
      said += text;
      if (said.includes('clients: 7\n')) break;
    }
    expect(said).toBe('Creating 7 idle connections and waiting forever (Ctrl+C when done)\nclients: 7\n');
    expect(await redis.clients()).toBe(1 + 7);
    const ended = once(idle, 'exit');
    idle.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(await redis.calls('ping')).toBe(0);
  });

  it('ends at the first error reply, and where nothing answers', async () => {
    expect(await failure('-n', '10', 'nocommand', 'x')).toMatch(
      /^bypassbench: Error from server: ERR unknown command 'nocommand'/,
    );
    expect(await failure('-n', '10', '-t', 'get', '-a', 'x')).toContain('bypassbench: 127.0.0.1:');
    expect(await failure('-h', 'no-such-host.invalid')).toContain(
      "-h: the host 'no-such-host.invalid' has no IPv4",
    );
  });

  it.each([
    [['-n', '0'], 'whole number from 1'],
    [['-n', 'all'], 'whole number from 1'],
    [['-r', '-1'], 'whole number from 0'],
    [['-t', 'get,gett'], "There is no test 'gett'"],
    [['-z'], "unknown option '-z'"],
    [['-h'], "option '-h <hostname>' argument missing"],
    [['-x'], '-x reads the last argument of a command'],
    [['--user', 'me'], '--user me needs a password: give -a'],
    [['-k', '2'], 'It must be 1 or 0'],
    [['-k', '0', '--dbnum', '1'], '-k 0 with -a, --dbnum or -3'],
    [['--precision', '4'], 'whole number from 1 to 3'],
    [
      ['-s', '/tmp/redis.sock'],
      "redis-benchmark's -s: not here, because the libOS reaches servers over IPv4",
    ],
    [
      ['--tls'],
      "redis-benchmark's --tls: not here, because the streams of the libOS are not encrypted; give the",
    ],
    [['--cacert', 'x'], "redis-benchmark's --cacert: not here"],
    [['--cluster'], 'requests go to one server; run it against each node'],
    [['--enable-tracking'], 'would be taken for replies; use redis-benchmark'],
    [['-u', 'redis://x'], 'give -h, -p, --user, -a and --dbnum'],
  ])('refuses %j', async (args, said) => {
    expect(await refusal(command(), ...args)).toContain(said);
  });
});
