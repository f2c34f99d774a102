/**
 * `bypassbench conform`: the suite without vitest, over a backend of this project and over backends from outside that
 * are wrong, hang, end their process, or cannot be loaded.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { command } from '../libos/conformance/command.ts';
import { codeOf } from '../libos/conformance/outcome.ts';
import { type CaseLimits, type CaseResult, fullName, runConformance } from '../libos/conformance/run.ts';
import { conformanceCases } from '../libos/conformance/suite.ts';
import { measureTraits } from '../libos/conformance/traits.ts';
import { createLibos } from '../libos/index.ts';
import { kernelTraits } from '../libos/kernel/test-traits.ts';
import { bypassbench } from './experiments-campaign.ts';
import { writeOutsideBackend } from './outside-backend.ts';
import { refusal } from './refusal.ts';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'bypassbench-conform-test-'));
const pipes = writeOutsideBackend(join(folder, 'package'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

async function conform(...words: string[]): Promise<Ended> {
  try {
    return { code: 0, ...(await run(bypassbench, ['conform', ...words], { cwd: folder })) };
  } catch (error) {
    return error as Error & Ended;
  }
}

const lastLine = ({ stdout }: Ended) => stdout.trimEnd().split('\n').at(-1);

/** A module of one file: the backend of the package, whose transport has other methods; returns its path. */
function changed(name: string, methods: string, fields = ''): string {
  const text = `import pipes from './package/index.js';
import { PipesTransport } from './package/transport.js';
const hang = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
class Changed extends PipesTransport { ${methods} }
const create = (host, setup) => new Changed(host, setup, setup.options.folder);
export default { ...pipes, name: '${name}', title: '${name}', create, ${fields} };
`;
  const path = join(folder, `${name}.js`);
  writeFileSync(path, text);
  return path;
}

const throwing = join(folder, 'throwing.js');
writeFileSync(throwing, 'throw new Error("no luck");\n');
const endless = join(folder, 'endless.js');
writeFileSync(endless, 'await new Promise(() => {});\n');

const HANGS = 'it hangs: no end within 2.5 s';

const LONG_MS = 120_000;
const SHORT_MS = 2500;
/** For processes to start, several at a time. */
const OPEN_MS = 8000;

/** Of cases in one process. What is to hang has a short limit; what is to pass, such as Node's start, a long one. */
const resultsOf = (
  backendModule: string,
  only: RegExp,
  limits: Partial<CaseLimits> = {},
): Promise<CaseResult[]> =>
  runConformance({
    flags: { backendModule },
    processes: [1],
    only,
    limits: { startMs: LONG_MS, openMs: LONG_MS, ordinaryMs: LONG_MS, largeMs: LONG_MS, ...limits },
  });

describe('bypassbench conform', () => {
  it('passes the kernel, in one process and in two', async () => {
    const report = join(folder, 'report.json');
    const only = 'sockets:|datagrams|in any order|arrives';
    const ended = await conform('--backend', 'kernel', '--only', only, '--json', report);
    const tried = conformanceCases.filter((one) => new RegExp(only).test(fullName(one)));
    const { cases, ...counts } = JSON.parse(readFileSync(report, 'utf8'));
    // It has datagrams, twice; and in one process nothing can wake who sleeps.
    const skipped = 3;
    const passed = 2 * tried.length - skipped;
    expect(counts).toEqual({ backend: 'kernel', passed, failed: 0, skipped });
    expect(lastLine(ended)).toBe(`${passed} passed, 0 failed, ${skipped} skipped`);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain('kernel: both sides in one process\n');
    expect(ended.stdout).toContain('kernel: each side in a process of its own\n');
    expect(ended.stdout).toMatch(/skipped {2}ends when something arrives \(both sides share one process\)\n/);
    const inOneAndInTwo = [...tried.map(() => 1), ...tried.map(() => 2)];
    expect(cases.map(({ processes }: CaseResult) => processes)).toEqual(inOneAndInTwo);
  });

  it('skips what a backend from outside does not have', async () => {
    const only = 'datagrams|carries 100 bytes|half-closes';
    const ended = await conform('--backend-module', pipes, '--processes', '2', '--only', only);
    const ofDatagrams = conformanceCases.filter(({ group }) => group === 'datagrams').length;
    expect(lastLine(ended)).toBe(`4 passed, 0 failed, ${ofDatagrams} skipped`);
    expect(ended.stdout).toContain('the backend has no datagrams');
    expect(ended.code).toBe(0);
  });

  it('names what a wrong backend does wrong, where that was seen, and how to repeat it', async () => {
    const module = changed('anywhere', 'bind(queue, address) { super.bind(queue, address, 0); }');
    const ended = await conform('--backend-module', module, '--only', 'bind and listen', '--processes', '1');
    expect(ended.code).toBe(1);
    const name = 'reports an address that is in use';
    expect(ended.stdout).toMatch(
      new RegExp(`FAILED {3}${name}\\n.*'ADDRESS_IN_USE'.*cases/connections\\.ts:\\d+`, 's'),
    );
    expect(ended.stdout).toContain(`again: --processes 1 --only "bind and listen: ${name}"`);
    expect(lastLine(ended)).toMatch(/^\d+ passed, [1-9]\d* failed, 0 skipped$/);
  });

  it.each([
    [['--only', '('], /'--only <pattern>' argument '\(' is invalid\. Invalid regular expression/],
    [['--only', 'no such case'], /No case has such a name/],
    [['--open-timeout-s', '0'], /'--open-timeout-s <seconds>' argument '0' is invalid\. It must be a number/],
    [['--backend', 'none'], /there is no backend 'none'; there is kernel/],
    [['--backend', 'kernel', '-o', 'smoke=1'], /the kernel backend takes no options: leave out smoke/],
    [['--backend-module', './nothing.js'], /nothing\.js: there is no such file/],
    [['--backend-module', throwing], /throwing\.js: it fails as it is loaded: no luck/],
    [['--backend-module', changed('alone', '', 'pairing: null')], /the descriptor of alone has no pairing/],
  ])('%j is refused with the remedy', async (words, message) => {
    expect(await refusal(command(), ...words)).toMatch(message);
  });
});

/** A process that has ended may still be there until somebody asks how. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

it.each([
  ['SIGINT', [130, null]],
  ['SIGKILL', [null, 'SIGKILL']],
] as const)('ended by %s, it ends what it has started', async (signal, how) => {
  const poll = "poll() { console.error('polls', process.pid); hang(); }";
  const words = ['conform', '--backend-module', changed('polled', poll)];
  const child = spawn(bypassbench, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const [said] = (await once(child.stderr, 'data')) as [Buffer];
  const pid = Number(/polls (\d+)/.exec(said.toString())?.[1]);
  expect(isRunning(pid)).toBe(true);
  child.kill(signal);
  expect(await ended).toEqual(how);
  await expect.poll(() => isRunning(pid), { timeout: 60_000 }).toBe(false);
});

it('knows an error of the libOS by its name and its code, whoever has made its class', () => {
  const thrower = (name: string, code: string): (() => never) =>
    runInNewContext(`() => { throw Object.assign(new Error('x'), { name: '${name}', code: '${code}' }); }`);
  expect(codeOf(thrower('LibosError', 'BAD_QUEUE'))).toBe('BAD_QUEUE');
  expect(() => codeOf(thrower('LibosError', 'E_OTHER'))).toThrow();
  expect(() => codeOf(thrower('Error', 'BAD_QUEUE'))).toThrow();
});

describe('a run of the suite', () => {
  it('names a case in which the backend hangs, and goes on behind it', async () => {
    const listen = 'listen(queue, backlog) { if (backlog === 4) hang(); super.listen(queue, backlog); }';
    const only = /binds port 0|wildcard|what is no address/;
    const results = await resultsOf(changed('hanging', listen), only, { ordinaryMs: SHORT_MS });
    expect(results.map(({ outcome, why }) => [outcome, why])).toEqual([
      ['passed', null],
      ['failed', HANGS],
      ['passed', null],
    ]);
  });

  it('leaves the rest out where the backend hangs from the start, or never comes to be', async () => {
    const skipped = ['skipped', 'there was no first contact'];
    const stuck = await resultsOf(changed('stuck', 'poll() { hang(); }'), /sockets: (gives|names)/, {
      startMs: SHORT_MS,
    });
    expect(stuck.map(({ outcome, why }) => [outcome, why])).toEqual([['failed', HANGS], skipped, skipped]);
    const never = await resultsOf(endless, /sockets: gives/);
    expect(never.map(({ outcome, why }) => [outcome, why])).toEqual([
      ['failed', expect.stringMatching(/^its process ended with an await at the top level of a module/)],
      skipped,
    ]);
  });

  it('says which side does not open, and what was waited for', async () => {
    const slow = async (side: string, processes: 1 | 2, isSlow: string) => {
      const create = `create(...given) {
        globalThis.made = (globalThis.made ?? 0) + 1;
        return ${isSlow} ? hang() : create(...given);
      }`;
      const results = await runConformance({
        flags: { backendModule: changed(`slow-${side}-${processes}`, '', create) },
        processes: [processes],
        only: /sockets: gives/,
        limits: { openMs: OPEN_MS },
      });
      const why = `the ${side}'s side waited longer than 8 s (--open-timeout-s) for its device to open`;
      expect(results.map((result) => [result.outcome, result.why])).toEqual([
        ['failed', why],
        ['skipped', 'there was no first contact'],
      ]);
    };
    await Promise.all([
      slow('server', 1, 'made === 1'),
      slow('client', 1, 'made === 2'),
      slow('server', 2, "process.argv[1].endsWith('agent.ts')"),
      slow('client', 2, "process.argv[1].endsWith('case-runner.ts')"),
    ]);
  });

  it('opens two sides at once that wait for each other', async () => {
    const fields = `create(host, setup) {
      const [own, other] = process.argv[1].endsWith('agent.ts') ? ['server', 'client'] : ['client', 'server'];
      const mark = (side) => setup.options.folder + '/' + side;
      writeFileSync(mark(own), '');
      while (!existsSync(mark(other)));
      return create(host, setup);
    },
    pairing: { ...pipes.pairing, ends: (...given) => ({ ...pipes.pairing.ends(...given), together: true }) }`;
    const module = changed('together', '', fields);
    writeFileSync(
      module,
      `import { existsSync, writeFileSync } from 'node:fs';\n${readFileSync(module, 'utf8')}`,
    );
    const [result] = await runConformance({
      flags: { backendModule: module },
      processes: [2],
      only: /sockets: gives/,
      limits: { openMs: LONG_MS },
    });
    expect(result).toMatchObject({ outcome: 'passed', why: null });
  });

  it('leaves out one process where the pairing says why two ends cannot share it', async () => {
    const apart = "pairing: { ...pipes.pairing, apart: () => 'one is enough' }";
    const [result] = await resultsOf(changed('apart', '', apart), /sockets: gives/);
    expect(result).toMatchObject({ outcome: 'skipped', why: 'one is enough' });
  });

  it('tells what a poll of the other process throws', async () => {
    const poll = "poll() { if (globalThis.armed) throw new Error('no poll may throw'); super.poll(); }";
    const arm = 'listen(queue, backlog) { globalThis.armed = backlog === 4; super.listen(queue, backlog); }';
    const results = await runConformance({
      flags: { backendModule: changed('throwing-poll', `${poll} ${arm}`) },
      processes: [2],
      only: /wildcard/,
    });
    expect(results.map(({ outcome, why }) => [outcome, why])).toEqual([
      ['failed', expect.stringMatching(/^no poll may throw\nat Changed\.poll/)],
    ]);
  });

  it('names a case in which the backend ends the process, and goes on behind it', async () => {
    const kill = "if (backlog === 4) process.kill(process.pid, 'SIGKILL');";
    const module = changed('ending', `listen(queue, backlog) { ${kill} super.listen(queue, backlog); }`);
    const results = await resultsOf(module, /wildcard|what is no address/);
    expect(results.map(({ outcome, why }) => [outcome, why])).toEqual([
      ['failed', 'its process ended with SIGKILL'],
      ['passed', null],
    ]);
  });
});

describe('a process of the suite', () => {
  /** A module of the backend, and what is done in its process when that has told of a message. */
  const telling = (name: string, message: string, act: string): string => {
    const path = changed(name, '');
    const more = `import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const kill = () => process.kill(process.pid, 'SIGKILL');
const tell = fs.writeSync;
let told = 0;
fs.writeSync = (fd, text) => {
  tell(fd, text);
  if (text.includes('"kind":"${message}"')) told++;
  if (text.includes('"kind":"${message}"')) ${act}
};
syncBuiltinESMExports();
`;
    writeFileSync(path, more + readFileSync(path, 'utf8'));
    return path;
  };
  const outcomes = (results: CaseResult[]) =>
    results.map(({ group, name, outcome, why }) => [group, name, outcome, why]);
  const two = /binds port 0|what is no address/;
  const [first, second] = conformanceCases.filter((one) => two.test(fullName(one)));
  const passed = [first, second].map(({ group, name }) => [group, name, 'passed', null]);
  const endsBadly = (why: string) => ['at the end', 'the processes end well', 'failed', why];

  it.each([
    ['is killed', 'kill();', 'its process ended with SIGKILL'],
    ['ends by itself', 'process.exit(0);', 'its process ended with exit code 0'],
  ])('that %s behind its last case has failed', async (name, end, why) => {
    const module = telling(name.replaceAll(' ', '-'), 'ends', `{ if (told === 2) ${end} }`);
    expect(outcomes(await resultsOf(module, two))).toEqual([...passed, endsBadly(why)]);
  });

  it('that hangs behind its last case has failed', async () => {
    const module = telling('hangs-behind', 'ends', '{ if (told === 2) hang(); }');
    const results = await resultsOf(module, two, { ordinaryMs: SHORT_MS });
    expect(outcomes(results)).toEqual([...passed, endsBadly(HANGS)]);
  });

  it('that ends by a signal as it exits has failed', async () => {
    const module = telling('exits', 'through', "process.once('exit', kill);");
    expect(outcomes(await resultsOf(module, two))).toEqual([
      ...passed,
      endsBadly('its process ended with SIGKILL'),
    ]);
  });

  it('that ends between two cases is no first contact, and another one goes on', async () => {
    const module = telling('between', 'ends', '{ if (told === 1) kill(); }');
    const three = /small descriptors|binds port 0|what is no address/;
    const results = await resultsOf(module, three);
    const cases = conformanceCases.filter((one) => three.test(fullName(one)));
    const why = 'its process ended with SIGKILL';
    const behind = (index: number) => [
      'between two cases',
      `the process goes on behind "${fullName(cases[index])}"`,
      'failed',
      why,
    ];
    const passes = ({ group, name }: { group: string; name: string }) => [group, name, 'passed', null];
    expect(outcomes(results)).toEqual([
      passes(cases[0]),
      behind(0),
      passes(cases[1]),
      behind(1),
      passes(cases[2]),
      endsBadly(why),
    ]);
  });
});

it('the full name of each case is a pattern that finds it', () => {
  const names = conformanceCases.map(fullName);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !new RegExp(name).test(name))).toEqual([]);
});

it('what is measured of the kernel is what it has', () => {
  const create = () => createLibos({ backend: 'kernel', checked: true });
  const maker = { create: () => ({ server: create(), client: create(), serverAddress: '127.0.0.1' }) };
  const { unreadBytes, ...others } = measureTraits(maker, true);
  expect(others).toEqual({ clientAddress: '127.0.0.1', datagramBytes: kernelTraits.datagramBytes });
  expect(unreadBytes).toBeGreaterThan(256 * 1024);
  expect(unreadBytes).toBeLessThan(4 * kernelTraits.unreadBytes);
});
