import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createLibos } from '../every-backend.ts';
import { LibosError } from '../index.ts';
import { parseRdmaOptions, rdmaOptions } from './options.ts';

describe('options of the backend rdma', () => {
  it('are those of shm by default, with 192 MiB to receive into', () => {
    expect(parseRdmaOptions({})).toEqual({
      fabric: { provider: 'shm', device: null, address: null, bufferBytes: 49_152, receiveBuffers: 4096 },
      maxWindow: 64,
    });
  });

  it('are taken as given', () => {
    const given = {
      provider: 'verbs;ofi_rxm',
      device: 'mlx5_0',
      address: '10.1.2.3',
      buffer_bytes: '8192',
      receive_memory_mb: '16',
      window: '8',
    };
    expect(parseRdmaOptions(given)).toEqual({
      fabric: {
        provider: 'verbs;ofi_rxm',
        device: 'mlx5_0',
        address: '10.1.2.3',
        bufferBytes: 8192,
        receiveBuffers: 2048,
      },
      maxWindow: 8,
    });
  });

  it.each([
    [{ mtu: '9000' }, "there is no option 'mtu'; there is provider, device, address, buffer_bytes"],
    [{ provider: 'verbs, ofi' }, 'it must be the name of a provider of libfabric, such as shm'],
    [{ device: 'no such/name' }, 'bypassbench doctor lists them'],
    [{ provider: 'tcp;ofi_rxm', address: 'eth0' }, "'eth0' is not an IPv4 address"],
    [{ address: '10.0.0.1' }, 'shm is within this machine and has none'],
    [{ buffer_bytes: '512' }, 'it must be an integer from 1024'],
    [
      { buffer_bytes: '1048576', receive_memory_mb: '3' },
      'it holds 3 buffers of 1048576 bytes, and 4 are needed',
    ],
    [{ window: '0' }, 'it must be an integer from 1 to 4096'],
  ])('%j are refused', (given, message) => {
    expect(() => parseRdmaOptions(given)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    );
  });
});

describe('a provider', () => {
  const failure = (backendOptions: Record<string, string>): LibosError => {
    try {
      createLibos({ backend: 'rdma', backendOptions }).shutdown();
    } catch (error) {
      if (error instanceof LibosError) return error;
      throw error;
    }
    throw new Error('it was opened');
  };

  it.each([
    [{ provider: 'nonsense' }, 'libfabric has no provider nonsense on this machine'],
    [
      { provider: 'tcp;ofi_rxm', device: 'nosuch0' },
      'provider tcp;ofi_rxm is here, but has no device nosuch0',
    ],
  ])('%j that is not here or lacks something is reported, with where to look', (options, message) => {
    const { code, message: said } = failure(options);
    expect(code).toBe('BACKEND_UNAVAILABLE');
    expect(said).toContain(message);
    expect(said).toContain('bypassbench doctor lists what libfabric finds here');
  });

  it('that is here without reliable datagrams is reported', () => {
    // libfabric reads this once a process: it takes away what makes UDP reliable.
    const env = { ...process.env, FI_PROVIDER: '^ofi_rxd' };
    const program = `
      import { openLibos } from ${JSON.stringify(new URL('../index.ts', import.meta.url).href)};
      await openLibos({ backend: 'rdma', backendOptions: { provider: 'udp' } });`;
    const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      env,
      encoding: 'utf8',
    });
    expect(stderr).toContain('provider udp is here, but has no reliable datagrams that keep their order');
  });
});

describe('what is said of options', () => {
  const simple = Object.entries(rdmaOptions).flatMap(([key, { default: preset }]) =>
    preset !== null && /^\S+$/.test(preset) ? [[key, preset]] : [],
  );

  it('names defaults that hold', () => {
    expect(simple.length).toBeGreaterThan(2);
    for (const [key, preset] of simple)
      expect(parseRdmaOptions({ [key]: preset }), key).toEqual(parseRdmaOptions({}));
  });

  it('is of each option that is taken, and of no other', () => {
    const refusalOf = (key: string): string => {
      try {
        parseRdmaOptions({ [key]: 'x' });
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    for (const key of Object.keys(rdmaOptions)) expect(refusalOf(key)).not.toContain('there is no option');
    expect(refusalOf('smoke')).toContain(`there is ${Object.keys(rdmaOptions).join(', ')}`);
  });
});
