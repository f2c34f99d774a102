/** The load generator's messages against the example servers over each backend, and servers of other protocols. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { command } from '../loadgen/command.ts';
import { type LoadResult, loadResultFormat } from '../results/formats/index.ts';
import { joinStampsOf } from '../results/summary/stages/stages-file.ts';
import { answer } from './answer.ts';
import { bypassbench, ExampleServers, posix } from './example-servers.ts';
import { refusal } from './refusal.ts';

const run = promisify(execFile);
const servers = new ExampleServers();
// Stamps are to lie in memory.
const folder = mkdtempSync(join('/dev/shm', 'protocols-test-'));
let names = 0;

afterEach(async () => {
  for (const code of await servers.end()) expect(code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Enough to split their stages. They share their cores with other tests: each may take its time. */
const REQUESTS = 100;

/** Loads a server with some messages; what was written, and where. */
async function load(target: string, ...args: string[]): Promise<{ result: LoadResult; out: string }> {
  const out = join(folder, `out-${names++}`);
  const brief = ['--warmup-s', '0.02', '--requests', `${REQUESTS}`, '--reply-timeout-s', '60', '--out', out];
  const words = ['--target', target, '--idle', 'sleep', ...brief, ...args];
  // Over the kernel here, since a start takes most of the time; a device is its process' own.
  if (args.includes('--backend')) await run(bypassbench, ['load', ...words]);
  else await answer(command(), ...words);
  return { result: loadResultFormat.read(readFileSync(join(out, 'result.json'), 'utf8')), out };
}

interface Link {
  server: string[];
  client: string[];
}

const links: Record<string, () => Link> = {
  kernel: () => ({ server: [], client: [] }),
  rdma: () => {
    const options = ['--backend', 'rdma', '-o', 'provider=shm'];
    return { server: options, client: options };
  },
  dpdk: () => {
    const socket = join(folder, `memif-${names++}.sock`);
    const side = (role: string, ip: string) => [
      '--backend',
      'dpdk',
      '-o',
      'device=memif',
      '-o',
      `role=${role}`,
      '-o',
      `socket=${socket}`,
      '-o',
      `ip=${ip}/24`,
    ];
    const server = [...side('server', '10.99.0.1'), '--bind', '10.99.0.1', '--port', '7'];
    return { server, client: side('client', '10.99.0.2') };
  },
};

const right = (operation: string) => [
  expect.objectContaining({ operation, requests: REQUESTS, hits: REQUESTS, wrong: 0, unanswered: 0 }),
];

describe.each(Object.keys(links))('over %s', (backend) => {
  const serve = async (name: string, ...args: string[]) => {
    const { server, client } = links[backend]();
    // One that spins would take a core from the load that starts, and from other tests.
    const { address, port } = await servers.start(bypassbench, [name, '--idle', 'sleep', ...server, ...args]);
    return { target: `${address}:${port}`, client };
  };

  it.each(['echo', 'datagrams'])('%s come back whole, and are split into stages', async (protocol) => {
    const stamps = join(folder, `stamps-${names++}`);
    const kind = protocol === 'datagrams' ? ['--datagrams'] : [];
    const { target, client } = await serve('echo', '--stamps', stamps, ...kind);
    const stamping = ['--stamps-every', '1', '--server-stamps', stamps];
    const { result, out } = await load(
      target,
      ...client,
      '--protocol',
      protocol,
      '--value-bytes',
      '64',
      ...stamping,
    );
    expect(result).toMatchObject({ protocol, value_bytes: 64, operations: right('echo') });
    const joined = await joinStampsOf(out);
    expect(joined.inconsistent).toBe(0);
    expect(joined.requests.length).toBeGreaterThan(REQUESTS / 2);
    const large = protocol === 'echo' ? '200000' : '8972';
    const more = ['--connections', '2', '--pipeline', '3', '--value-bytes', large];
    const { result: second } = await load(target, ...client, '--protocol', protocol, ...more);
    expect(second.operations).toEqual(right('echo'));
  });

  it('a sink answers what it takes', async () => {
    const { target, client } = await serve('sink');
    for (const bytes of backend === 'kernel' ? ['1', '200000'] : ['200000']) {
      const { result } = await load(
        target,
        ...client,
        '--protocol',
        'sink',
        '--value-bytes',
        bytes,
        '--pipeline',
        '4',
      );
      expect(result).toMatchObject({ protocol: 'sink', operations: right('send') });
    }
  });

  it('a relay forwards from one socket to another', async () => {
    const { target, client } = await serve('relay');
    const { result } = await load(target, ...client, '--protocol', 'relay', '--connections', '2');
    expect(result).toMatchObject({ protocol: 'relay', operations: right('relay') });
  });
});

describe('servers of another protocol', () => {
  const serve = async (program: string, ...args: string[]): Promise<string> => {
    const { address, port } = await servers.start(program, args);
    return `${address}:${port}`;
  };

  it('are told from each other', async () => {
    const echo = await serve(posix('echo-epoll'));
    const sink = await serve(posix('sink'));
    const datagrams = await serve(posix('echo-epoll'), '--datagrams');
    const relay = await serve(posix('relay'));
    const redis = await serve(bypassbench, 'serve', '--frontend', 'libos', '--idle', 'sleep', '--port', '0');
    const to = (target: string, ...args: string[]) =>
      refusal(command(), '--target', target, '--warmup-s', '0.02', '--requests', '30', ...args);
    expect(await to(echo)).toContain('--protocol echo');
    expect(await to(echo, '--protocol', 'sink', '--value-bytes', '9')).toContain('as a sink does');
    expect(await to(echo, '--protocol', 'datagrams')).toContain('is a server of datagrams running there');
    expect(await to(redis, '--protocol', 'echo')).toContain(
      'as a Redis server does; for that give --protocol resp',
    );
    expect(await to(datagrams, '--protocol', 'echo')).toContain('is the server running there?');
    expect(await to(sink, '--protocol', 'echo', '--reply-timeout-s', '0.3')).toContain(
      'has not answered for 0.3 s',
    );
    expect((await load(datagrams, '--protocol', 'datagrams')).result.operations).toEqual(right('echo'));
    const openLoop = ['--rate', '2000', '--pipeline', '50', '--connections', '2'];
    const { result } = await load(relay, '--protocol', 'relay', ...openLoop);
    expect(result.operations[0].hits).toBeGreaterThan(REQUESTS / 2);
  });
});

it('what messages cannot be is refused before anything is sent', async () => {
  const refused = (...args: string[]): Promise<string> =>
    refusal(command(), '--target', '127.0.0.1:9', ...args);
  expect(await refused('--protocol', 'echo', '--populate')).toContain(
    '--populate applies to --protocol resp',
  );
  expect(await refused('--protocol', 'sink', '--mix', 'get=1')).toContain('--mix applies to --protocol resp');
  expect(await refused('--protocol', 'datagrams', '--value-bytes', '7')).toContain('8 to 16384 bytes');
  expect(await refused('--protocol', 'relay', '--value-bytes', '16385')).toContain('and this one 16385');
  expect(await refused('--protocol', 'datagrams', '--idle-connections', '1')).toContain('applies to streams');
  expect(await refused('--protocol', 'relay', '--stamps-every', '1', '--out', folder)).toContain(
    'a relay answers on another socket',
  );
  expect(await refused('--protocol', 'udp')).toContain(
    'Allowed choices are resp, echo, datagrams, sink, relay',
  );
});
