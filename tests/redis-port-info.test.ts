/** What the backend counts stands in INFO of Redis on the libOS, and INFO is Redis' own where nothing is counted. */
import { afterEach, describe, expect, it } from 'vitest';
import { hasRing } from '../libos/uring/test-traits.ts';
import { RespConnection, type ServerProcess, startKvServer } from './kvserver-processes.ts';

let server: ServerProcess | null = null;
afterEach(async () => {
  await server?.stop();
  server = null;
});

/** INFO of each of these arguments, over one connection. */
async function infoOver(backend: string, all: readonly string[][]): Promise<string[]> {
  server = await startKvServer('libos', ['--backend', backend, '--engine', 'redis', '--', '--save', '']);
  const connection = await RespConnection.open(server.port);
  const texts: string[] = [];
  for (const names of all) texts.push((await connection.command('INFO', ...names)).text ?? '');
  connection.close();
  return texts;
}

/** The sections of such a text. */
const sectionsOf = (text: string) => [...text.matchAll(/^# (.*)\r$/gm)].map(([, name]) => name);
const completionsIn = (text: string) => Number(/^backend_completions:(\d+)\r$/m.exec(text)?.[1]);

describe.runIf(hasRing())('INFO of Redis over a backend that counts', () => {
  it('has its counters, by the name of their section and with the others', async () => {
    const names = [['backend'], ['Backend', 'cpu'], [], ['default'], ['all'], ['everything'], ['cpu']];
    const [alone, two, ...others] = await infoOver('uring', names);
    expect(alone).toMatch(/^# Backend\r\nbackend_turns:\d+\r\n(backend_\w+:\d+\r\n)+$/);
    expect(completionsIn(two)).toBeGreaterThan(completionsIn(alone));
    expect(sectionsOf(two)).toEqual(['CPU', 'Backend']);
    const cpu = others.pop();
    for (const text of others) expect(sectionsOf(text).slice(-2)).toEqual(['Keyspace', 'Backend']);
    expect(sectionsOf(cpu!)).toEqual(['CPU']);
  });
});

describe("INFO of Redis over the kernel's sockets, which count nothing", () => {
  it("is Redis' own", async () => {
    const [all, alone] = await infoOver('kernel', [[], ['backend']]);
    expect(sectionsOf(all).at(-1)).toBe('Keyspace');
    expect(alone).toBe('');
  });
});
