import { describe, expect, it } from 'vitest';
import { BACKEND_API_VERSION } from './backend-descriptor.ts';
import { backendNamed, backends, findBackend, knownBackends, SOCKETS_BACKEND } from './backends.ts';
import { openLibos } from './index.ts';

const loopback = '127.0.0.1';

describe('the registry', () => {
  it('has each backend under its own name, for this version of the interface', () => {
    expect(backends).toEqual(knownBackends().map(({ name }) => name));
    for (const name of backends) {
      expect(findBackend(name)).toMatchObject({ name, apiVersion: BACKEND_API_VERSION });
      expect(backendNamed(name).name).toBe(name);
    }
    expect(backends).toContain(SOCKETS_BACKEND);
  });

  it('says what there is to who asks for what is not there', async () => {
    expect(findBackend('smoke')).toBeNull();
    const what = `there is no backend 'smoke'; there is ${backends.join(', ')}`;
    const refused = expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(what),
    });
    expect(() => backendNamed('smoke')).toThrow(refused);
    await expect(openLibos({ backend: 'smoke' })).rejects.toThrow(refused);
  });
});

// A port of DPDK is of one thread for good: its own conformance tests make one.
describe.each(knownBackends().filter(({ capabilities }) => capabilities.threads))('$name', ({ name }) => {
  it('is loaded, and makes a libOS that says its name', async () => {
    const libos = await openLibos({ backend: name });
    expect(libos.backend).toBe(name);
    libos.shutdown();
  });
});

describe.each(knownBackends())('$name', ({ options, pairing, needs, defaultBind, title }) => {
  it('has two ends on one machine that take the options of both, and a place to listen at', () => {
    const pair = pairing!.ends('/tmp/x', {});
    expect(pair).toMatchObject({ address: expect.stringMatching(/^[\d.]+$/) });
    if (typeof pair === 'string') throw new Error(pair);
    for (const key of [...Object.keys(pair.server), ...Object.keys(pair.client)]) {
      expect(Object.keys(options)).toContain(key);
    }
    expect([loopback, '0.0.0.0']).toContain(defaultBind);
    expect(title).not.toBe('');
  });

  it('needs what its own doctor tries', () => {
    const what = needs({});
    expect(what === null || /^[a-z_ ;]+$/.test(what)).toBe(true);
  });
});
