import { describe, expect, it } from 'vitest';
import { loadingOrder } from './modules.ts';

const dep = `kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko kernel/fs/fscache.ko kernel/fs/netfs.ko
kernel/fs/fscache.ko: kernel/fs/netfs.ko
kernel/fs/netfs.ko:
kernel/net/9p/9pnet.ko:
kernel/net/9p/9pnet_virtio.ko.xz: kernel/net/9p/9pnet.ko
`;

describe('loadingOrder', () => {
  it('has each module once, behind those that it needs', () => {
    expect(loadingOrder(dep, ['9p', '9pnet_virtio'])).toEqual([
      'kernel/fs/netfs.ko',
      'kernel/fs/fscache.ko',
      'kernel/net/9p/9pnet.ko',
      'kernel/fs/9p/9p.ko',
      'kernel/net/9p/9pnet_virtio.ko.xz',
    ]);
  });

  it('names a module that is not there, and takes no part of a name for it', () => {
    expect(() => loadingOrder(dep, ['net'])).toThrow('the kernel has no module net');
  });
});
