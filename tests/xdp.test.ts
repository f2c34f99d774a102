/**
 * The server over XDP sockets: on a pair of devices of its own, and on interfaces of two network namespaces, with a
 * load over XDP sockets at the other end, or this machine's own kernel.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { backendNamed } from '../libos/index.ts';
import { hasLink } from '../libos/xdp/test-rights.ts';
import { loadResultFormat } from '../results/formats/index.ts';
import { type ServerProcess, startKvServer } from './kvserver-processes.ts';
import { VethPair } from './veth-pair.ts';

const run = promisify(execFile);
const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const SERVER = '10.231.79.1';
const CLIENT = '10.231.79.2';

const asFlags = (options: Record<string, string>): string[] => [
  ...['--backend', 'xdp'],
  ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
];
const loadOf = (target: string, out: string): string[] => {
  const what = ['--target', target, '--keys', '200', '--populate', '--out', out];
  return [...what, '--warmup-s', '0.1', '--requests', '500', '--value-bytes', '1000', '--idle', 'sleep'];
};
const resultIn = (out: string) => loadResultFormat.read(readFileSync(join(out, 'result.json'), 'utf8'));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bypassbench-xdp-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.runIf(hasLink)('over a pair of devices of its own', () => {
  it('serves a load in another process, and both end on a signal', async () => {
    const ends = backendNamed('xdp').pairing!.ends(folder, {});
    if (typeof ends === 'string') throw new Error(ends);
    const server = await startKvServer('libos', asFlags(ends.server));
    const out = join(folder, 'pair');
    await run(bypassbench, [
      'load',
      ...asFlags(ends.client),
      ...loadOf(`${ends.address}:${server.port}`, out),
    ]);
    const { operations, counters } = resultIn(out);
    expect(operations[0]).toMatchObject({ requests: 500, hits: 500 });
    expect(counters).toMatchObject({ native: 1, zero_copy: 0, rx_bad_checksum: 0, kernel_rx_dropped: 0 });
    expect((await server.stop()).code).toBe(0);
  });
});

describe.runIf(hasLink)('on an interface of a network namespace', () => {
  let pair: VethPair;
  let server: ServerProcess | null = null;
  beforeEach(async () => {
    pair = await VethPair.make();
  });
  afterEach(async () => {
    await server?.stop();
    server = null;
    pair.close();
  });

  const serve = async (more: Record<string, string> = {}): Promise<ServerProcess> => {
    const options = { interface: pair.a.interface, ip: `${SERVER}/24`, ...more };
    server = await startKvServer('libos', asFlags(options), 'inherit', pair.a.inside);
    return server;
  };
  const refusalOf = async (options: Record<string, string>): Promise<string> => {
    const [program, ...rest] = pair.a.inside;
    const given = { interface: pair.a.interface, ip: `${SERVER}/24`, ...options };
    const words = [...rest, bypassbench, 'serve', '--frontend', 'libos', '--port', '0', ...asFlags(given)];
    return run(program, words).then(
      () => '',
      ({ stderr }) => stderr as string,
    );
  };

  it.each(['native', 'skb'])('serves with its program %s, which goes with the process', async (attach) => {
    const { port, stop } = await serve({ attach });
    expect(pair.a.hasProgram).toBe(true);
    const out = join(folder, attach);
    const [program, ...rest] = pair.b.inside;
    const client = asFlags({ interface: pair.b.interface, ip: `${CLIENT}/24` });
    await run(program, [...rest, bypassbench, 'load', ...client, ...loadOf(`${SERVER}:${port}`, out)]);
    expect(resultIn(out).operations[0]).toMatchObject({ requests: 500, hits: 500 });
    expect((await stop()).code).toBe(0);
    expect(pair.a.hasProgram).toBe(false);
  });

  it('leaves no program on the interface when it is killed', async () => {
    const { process: child } = await serve();
    expect(pair.a.hasProgram).toBe(true);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(pair.a.hasProgram).toBe(false);
    // Nor anything else that would be in the way.
    await serve();
  });

  it('serves a client of the kernel, which leaves checksums to a NIC', async () => {
    const { port } = await serve();
    pair.b.run('ip', 'address', 'add', `${CLIENT}/24`, 'dev', pair.b.interface);
    const at = ['redis-cli', '-h', SERVER, '-p', `${port}`];
    const value = 'x'.repeat(1000);
    expect(pair.b.run(...at, 'SET', 'key', value).trim()).toBe('OK');
    expect(pair.b.run(...at, 'GET', 'key').trim()).toBe(value);
    const fields = pair.b.run(...at, 'INFO', 'backend');
    expect(Number(/^backend_rx_partial_checksum:(\d+)/m.exec(fields)?.[1])).toBeGreaterThan(0);
    expect(fields).toMatch(/^backend_native:1\r?$/m);
  });

  it('refuses what it cannot use, with the remedy', async () => {
    expect(await refusalOf({ interface: 'nowhere' })).toContain('there is no such interface');
    expect(await refusalOf({ interface: 'lo' })).toMatch(
      /packets of up to 65536 bytes, xdp of 3500.*mtu=1500/,
    );
    expect(await refusalOf({ queue: '7' })).toContain(`queue=7: ${pair.a.interface} has queue 0 alone`);
    pair.a.run('ip', 'link', 'set', pair.a.interface, 'down');
    expect(await refusalOf({})).toContain('interface=wire0 is down: ip link set wire0 up');
  });

  it('refuses an interface that has a program, and one of several queues', async () => {
    await serve();
    expect(await refusalOf({})).toMatch(/queue 0 of wire0 has an XDP socket already/);
    await server?.stop();
    const many = ['numrxqueues', '4', 'numtxqueues', '4'];
    pair.a.run('ip', 'link', 'add', 'many', ...many, 'type', 'veth', 'peer', 'name', 'other', ...many);
    for (const name of ['many', 'other']) pair.a.run('ip', 'link', 'set', name, 'up');
    expect(await refusalOf({ interface: 'many' })).toMatch(
      /over 4 queues.*ethtool -L many combined 1.*queue=0/,
    );
  });

  it('names what a process without rights lacks', async () => {
    const [program, ...rest] = pair.a.inside;
    const options = asFlags({ interface: pair.a.interface, ip: `${SERVER}/24` });
    const words = [
      ...rest,
      'setpriv',
      '--bounding-set',
      '-bpf,-sys_admin',
      bypassbench,
      'serve',
      '--frontend',
      'libos',
    ];
    const child = spawn(program, [...words, '--port', '0', ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    await once(child, 'close');
    expect(said).toMatch(/needs root, or CAP_BPF, which this process lacks/);
  });
});
