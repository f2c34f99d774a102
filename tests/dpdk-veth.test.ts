/**
 * The server over DPDK's af_packet and af_xdp, on a veth pair between two network namespaces: a load over DPDK at the
 * other end, or this machine's own kernel.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadResultFormat } from '../results/formats/index.ts';
import { type ServerProcess, startKvServer } from './kvserver-processes.ts';
import { mayMakeNetworks, mayUseXdp } from './rights.ts';
import { type VethEnd, VethPair } from './veth-pair.ts';

const run = promisify(execFile);
const bypassbench = join(import.meta.dirname, '..', 'bin', 'bypassbench');
const SERVER = '10.231.79.1';
const CLIENT = '10.231.79.2';

type Kind = 'af_packet' | 'af_xdp';

function over(device: Kind, end: VethEnd, address: string, more: Record<string, string> = {}): string[] {
  const options = { device, interface: end.interface, ip: `${address}/24`, ...more };
  const words = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return ['--backend', 'dpdk', ...words];
}

/** Else af_xdp says what it lacks: libos/frames/rights.test.ts. */
const withXdp = mayUseXdp();

describe.runIf(mayMakeNetworks())('a veth pair between two namespaces', () => {
  let folder: string;
  let pair: VethPair;
  let server: ServerProcess | null = null;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bypassbench-veth-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeEach(async () => {
    pair = await VethPair.make();
  });
  afterEach(async () => {
    await server?.stop();
    server = null;
    pair.close();
  });

  const serve = async (device: Kind, more: Record<string, string> = {}) => {
    const flags = ['--idle', 'sleep', ...over(device, pair.a, SERVER, more)];
    server = await startKvServer('libos', flags, 'inherit', pair.a.inside);
    return server;
  };

  async function load(out: string, port: number, words: string[]): Promise<void> {
    const [program, ...rest] = pair.b.inside;
    const what = ['--target', `${SERVER}:${port}`, '--keys', '200', '--populate', '--out', out];
    const long = ['--warmup-s', '0.1', '--requests', '500', '--value-bytes', '1000', '--idle', 'sleep'];
    await run(program, [...rest, bypassbench, 'load', ...words, ...what, ...long]);
  }

  it.runIf(withXdp)(
    'serves over af_xdp with its default options, and takes its XDP program away with it',
    async () => {
      const { port, stop } = await serve('af_xdp');
      expect(pair.a.hasProgram).toBe(true);
      const out = join(folder, 'xdp');
      await load(out, port, over('af_packet', pair.b, CLIENT));
      const { operations, counters } = loadResultFormat.read(readFileSync(join(out, 'result.json'), 'utf8'));
      expect(operations[0]).toMatchObject({ requests: 500, hits: 500 });
      expect(counters.rx_frames).toBeGreaterThan(500);
      expect(counters.rx_bad_checksum).toBe(0);
      expect((await stop()).code).toBe(0);
      expect(pair.a.hasProgram).toBe(false);
    },
  );

  it.runIf(withXdp)('leaves no XDP program on the interface when it is killed', async () => {
    const { process: child } = await serve('af_xdp');
    expect(pair.a.hasProgram).toBe(true);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(pair.a.hasProgram).toBe(false);
  });

  it.for(['af_packet', 'af_xdp'] as const)(
    'serves a client of the kernel over %s',
    async (device, { skip }) => {
      if (device === 'af_xdp' && !withXdp) skip('no XDP program may be loaded here');
      const { port } = await serve(device);
      pair.b.run('ip', 'address', 'add', `${CLIENT}/24`, 'dev', pair.b.interface);
      const at = ['redis-cli', '-h', SERVER, '-p', `${port}`];
      const value = 'x'.repeat(1000);
      expect(pair.b.run(...at, 'SET', 'key', value).trim()).toBe('OK');
      expect(pair.b.run(...at, 'GET', 'key').trim()).toBe(value);
      const fields = pair.b.run(...at, 'INFO', 'backend');
      expect(Number(/^backend_rx_partial_checksum:(\d+)/m.exec(fields)?.[1])).toBeGreaterThan(0);
      expect(fields).toMatch(/^backend_rx_bad_checksum:0\r?$/m);
    },
  );

  it('names the checksums for which a connect timed out, and the remedy', async () => {
    pair.a.run('ip', 'address', 'add', `${SERVER}/24`, 'dev', pair.a.interface);
    const [program, ...rest] = pair.a.inside;
    const open = ['--port', '7000', '--bind', SERVER, '--protected-mode', 'no', '--save', ''];
    const { child } = run(program, [...rest, 'redis-server', ...open]);
    const ended = once(child, 'exit');
    try {
      await until(() => pair.a.run('ss', '-Hltn').includes(':7000'));
      const options = { device: 'af_packet', interface: pair.b.interface, ip: `${CLIENT}/24` };
      const client = [process.execPath, '--input-type=module', '-e', connecting(options)];
      const failure = pair.b.run(...client);
      expect(failure).toMatch(/^TIMED_OUT .*; \d+ frames with wrong checksums were dropped/);
      expect(failure).toContain('ethtool -K PEER tx off');
      expect(failure).toContain('-o checksum=partial');
      // As it is by default.
      await load(join(folder, 'some'), 7000, over('af_packet', pair.b, CLIENT));
    } finally {
      child.kill();
      await ended;
    }
  });

  it('refuses an interface that is down, or of longer packets than it can have, with the remedy', async () => {
    const refusal = async (more: Record<string, string>) => {
      const [program, ...rest] = pair.a.inside;
      const words = [...rest, bypassbench, 'serve', '--frontend', 'libos'];
      return run(program, [...words, ...over('af_packet', pair.a, SERVER, more)]).then(
        () => '',
        ({ stderr }) => stderr as string,
      );
    };
    expect(await refusal({ interface: 'lo' })).toMatch(
      /interface=lo has packets of up to 65536 bytes.*mtu=1500/,
    );
    pair.a.run('ip', 'link', 'set', pair.a.interface, 'down');
    expect(await refusal({})).toContain('interface=wire0 is down: ip link set wire0 up');
  });
});

/** A program that checks all checksums, and says how its connect fails. */
function connecting(options: Record<string, string>): string {
  return `
    import { openLibos, PromiseLibos } from ${JSON.stringify(join(import.meta.dirname, '../libos/index.ts'))};
    const backendOptions = ${JSON.stringify({ ...options, checksum: 'verify' })};
    const libos = new PromiseLibos(await openLibos({ backend: 'dpdk', backendOptions, connectTimeoutMs: 1500 }));
    await libos.connect({ address: '${SERVER}', port: 7000 }).catch(({ code, message }) => console.log(code, message));
    libos.shutdown();
  `;
}

async function until(done: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 10_000; !done(); ) {
    if (performance.now() > deadline) throw new Error('it did not come to pass');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
