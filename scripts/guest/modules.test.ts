import { describe, expect, it } from 'vitest';
import { loadOrder, moduleName, neededBy } from './modules.ts';

describe('moduleName', () => {
  it('takes compressed files, and dashes for underscores', () => {
    expect(moduleName('kernel/fs/9p/9p.ko.xz')).toBe('9p');
    expect(moduleName('kernel/crypto/crc32-generic.ko')).toBe('crc32_generic');
  });
});

describe('neededBy', () => {
  const object = (text: string) => Buffer.from(`\x7fELF\0license=GPL\0${text}\0retpoline=Y\0`, 'latin1');

  it('finds what a module depends on', () => {
    expect(neededBy(object('depends=ib_core,ip6-udp-tunnel'))).toEqual(['ib_core', 'ip6_udp_tunnel']);
    expect(neededBy(object('depends='))).toEqual([]);
  });

  it('refuses a file that does not say', () => {
    expect(() => neededBy(object('softdepends=x'))).toThrow('no kernel module');
  });
});

describe('loadOrder', () => {
  const tree: Record<string, string[] | null> = {
    rdma_rxe: ['ib_core', 'udp_tunnel'],
    ib_uverbs: ['ib_core', 'builtin_one'],
    ib_core: ['configfs'],
    udp_tunnel: [],
    configfs: [],
    builtin_one: null,
  };
  const needs = async (name: string) => tree[name];

  it('has each module once and after what it needs, and leaves out what the kernel has in itself', async () => {
    expect(await loadOrder(['udp_tunnel', 'rdma_rxe', 'ib_uverbs'], needs)).toEqual([
      'udp_tunnel',
      'configfs',
      'ib_core',
      'rdma_rxe',
      'ib_uverbs',
    ]);
  });

  it('passes on that a module is not there', async () => {
    const missing = async () => {
      throw new Error('no module veth');
    };
    await expect(loadOrder(['veth'], missing)).rejects.toThrow('no module veth');
  });
});
