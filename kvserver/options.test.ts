import { describe, expect, it } from 'vitest';
import { backendNamed, backends } from '../libos/index.ts';
import { parseServeOptions } from './options.ts';

const given = {
  frontend: 'libos',
  backend: 'kernel',
  port: '6379',
  maxClients: '10000',
  requirepass: '',
  clientOutputBufferLimit: '1gb 256mb 60',
};

describe('where the server listens without --bind', () => {
  it.each(backends)('%s', (backend) => {
    // Those that do not meet their peers over this machine's own TCP serve every address that they have.
    const hasOwnNetwork = backend === 'dpdk' || backend === 'xdp';
    expect(parseServeOptions({ ...given, backend }).bind).toBe(hasOwnNetwork ? '0.0.0.0' : '127.0.0.1');
    expect(backendNamed(backend).defaultBind).toBe(hasOwnNetwork ? '0.0.0.0' : '127.0.0.1');
    expect(parseServeOptions({ ...given, backend, bind: '10.99.0.1' }).bind).toBe('10.99.0.1');
  });
});

it("stamps are the ported server's", () => {
  expect(
    parseServeOptions({ ...given, stamps: '/dev/shm/x', stampsEvery: '8', pauses: '/tmp/p' }),
  ).toMatchObject({
    stamps: '/dev/shm/x',
    stampsEvery: 8,
    pauses: '/tmp/p',
  });
  expect(parseServeOptions(given)).toMatchObject({ stamps: null, stampsEvery: 0, pauses: null });
  expect(() => parseServeOptions({ ...given, frontend: 'sockets', stamps: '/dev/shm/x' })).toThrow(
    '--stamps applies to --frontend libos',
  );
  expect(parseServeOptions({ ...given, frontend: 'sockets', pauses: '/tmp/p' }).pauses).toBe('/tmp/p');
  expect(() => parseServeOptions({ ...given, stampsEvery: '-1' })).toThrow('--stamps-every -1');
});

it('a wait spins unless it is told to sleep, which sockets always do', () => {
  expect(parseServeOptions(given).idle).toBe('poll');
  expect(parseServeOptions({ ...given, idle: 'sleep' }).idle).toBe('sleep');
  expect(() => parseServeOptions({ ...given, idle: 'block' })).toThrow(
    '--idle block: wanted one of: poll, sleep',
  );
  expect(() => parseServeOptions({ ...given, frontend: 'sockets', idle: 'poll' })).toThrow(
    '--idle applies to --frontend libos',
  );
});

it('options of the backend are handed on as they are; there need not be any', () => {
  const backendOption = { device: 'memif', ip: '10.99.0.1/24' };
  expect(parseServeOptions({ ...given, backendOption }).backendOptions).toEqual(backendOption);
  expect(parseServeOptions(given).backendOptions).toEqual({});
});
