import { describe, expect, it } from 'vitest';
import { failureOf, OpenStep } from './glue.ts';
import { type Attempt, refusal } from './refusal.ts';

const attempt: Attempt = {
  interface: 'eth0',
  driver: 'e1000',
  queue: 1,
  memoryBytes: 16_777_216,
  packetBuffers: 8192,
  attach: 'auto',
  zeroCopy: 'auto',
};
const [EPERM, ENOMEM, EBUSY, EINVAL, EMFILE, ENOSYS, EOPNOTSUPP, EAFNOSUPPORT, ENOBUFS] = [
  1, 12, 16, 22, 24, 38, 95, 97, 105,
];

describe('a refusal', () => {
  it.each([
    [
      OpenStep.Socket,
      EAFNOSUPPORT,
      {},
      'BACKEND_UNAVAILABLE',
      /no XDP sockets \(EAFNOSUPPORT\).*CONFIG_XDP_SOCKETS.*af_packet/,
    ],
    [OpenStep.Socket, EPERM, {}, 'BACKEND_UNAVAILABLE', /--cap-add NET_RAW/],
    [OpenStep.Socket, EMFILE, {}, 'TOO_MANY_OPEN_FILES', /ulimit -n/],
    [OpenStep.Memory, ENOBUFS, {}, 'NO_BUFFERS', /16384 KiB of 8192 frames \(ENOBUFS\).*ulimit -l 16384/],
    [OpenStep.Memory, ENOMEM, {}, 'NO_BUFFERS', /packet_buffers/],
    [OpenStep.Rings, EOPNOTSUPP, {}, 'BACKEND_UNAVAILABLE', /rings.*Linux 5\.9/],
    [OpenStep.Bind, EBUSY, {}, 'ADDRESS_IN_USE', /queue 1 of eth0 has an XDP socket already/],
    [
      OpenStep.Bind,
      EOPNOTSUPP,
      { zeroCopy: 'yes' },
      'BACKEND_UNAVAILABLE',
      /its driver, e1000, may have none: zero_copy=auto/,
    ],
    [OpenStep.Bind, EINVAL, {}, 'BACKEND_UNAVAILABLE', /queue 1 of eth0 takes no XDP socket \(EINVAL\)/],
    [OpenStep.Map, EPERM, {}, 'PERMISSION_DENIED', /--cap-add BPF/],
    [OpenStep.Load, ENOSYS, {}, 'BACKEND_UNAVAILABLE', /CONFIG_BPF_SYSCALL/],
    [OpenStep.Link, EBUSY, {}, 'ADDRESS_IN_USE', /ip link set dev eth0 xdp off/],
    [OpenStep.Link, EPERM, {}, 'PERMISSION_DENIED', /as root/],
    [
      OpenStep.Link,
      EOPNOTSUPP,
      { attach: 'native' },
      'BACKEND_UNAVAILABLE',
      /its driver, e1000, .*attach=auto/,
    ],
    [OpenStep.Link, EINVAL, {}, 'BACKEND_UNAVAILABLE', /Linux 5\.9/],
  ] as const)(
    'at step %i for error %i with %j is %s and names the remedy',
    (step, error, more, code, message) => {
      const refused = refusal(step, error, { ...attempt, ...more });
      expect(refused.code).toBe(code);
      expect(refused.message).toMatch(message);
    },
  );

  it('is found in what the glue returns', () => {
    expect(failureOf(-((OpenStep.Link << 12) | EBUSY))).toEqual({ step: OpenStep.Link, error: EBUSY });
    expect(failureOf(-EPERM)).toEqual({ step: OpenStep.Socket, error: EPERM });
  });
});
