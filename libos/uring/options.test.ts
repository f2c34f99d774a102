import { describe, expect, it } from 'vitest';
import { parseUringOptions } from './options.ts';

describe('options of the backend uring', () => {
  it('are a ring that is entered, without busy polling, by default', () => {
    expect(parseUringOptions({})).toEqual({ sqpoll: null, napiBusyPollUs: 0, zeroCopyBytes: 0 });
  });

  it('are taken as given', () => {
    const polled = { sqpoll: 'yes', sqpoll_core: '3', sqpoll_idle_ms: '20' };
    expect(parseUringOptions({ ...polled, napi_busy_poll_us: '50', zero_copy_bytes: '9000' })).toEqual({
      sqpoll: { idleMs: 20, core: 3 },
      napiBusyPollUs: 50,
      zeroCopyBytes: 9000,
    });
    expect(parseUringOptions({ sqpoll: 'yes' }).sqpoll).toEqual({ idleMs: 1000, core: null });
  });

  it.each([
    [
      { mtu: '9000' },
      "there is no option 'mtu'; there is sqpoll, sqpoll_core, sqpoll_idle_ms, napi_busy_poll_us",
    ],
    [{ sqpoll: 'maybe' }, 'it must be yes, no'],
    [{ sqpoll_core: '1' }, 'it goes with sqpoll=yes'],
    [{ sqpoll: 'yes', sqpoll_idle_ms: '0' }, 'it must be an integer from 1'],
    [{ napi_busy_poll_us: '-1' }, 'it must be an integer from 0'],
    [{ zero_copy_bytes: 'all' }, 'it must be an integer from 0'],
  ])('%j are refused', (given, message) => {
    expect(() => parseUringOptions(given)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
    );
  });
});
