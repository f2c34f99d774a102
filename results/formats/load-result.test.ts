import { describe, expect, it } from 'vitest';
import { loadResultFormat } from './load-result.ts';

/** As the load generator wrote it before it had an open loop, means, idle connections and the word `idle`. */
const first = {
  schema: 'bypassbench.load/1',
  target: '127.0.0.1:6379',
  backend: 'kernel',
  wait: 'poll',
  connections: 1,
  pipeline: 1,
  keys: 1000,
  key_distribution: 'uniform',
  value_bytes: 64,
  seed: 1,
  core: 1,
  warmup_s: 1,
  elapsed_s: 5,
  versions: { node: '24.0.0' },
  operations: [
    {
      operation: 'get',
      requests: 1,
      hits: 0,
      misses: 1,
      errors: 0,
      wrong: 0,
      throughput_ops: 0.2,
      latency_ns: null,
      histogram: 'get.hdr',
    },
  ],
};

const read = (json: object) => loadResultFormat.read(JSON.stringify(json));

describe('loadResultFormat', () => {
  it('reads the first files, which were all of closed loops', () => {
    expect(read(first)).toMatchObject({
      loop: 'closed',
      rate_ops: null,
      arrivals: null,
      schedule_lag_us: null,
      unanswered: null,
      operations: [{ service_time_ns: null }],
    });
  });

  it('reads what a client does while nothing comes from files that call it `wait`', () => {
    expect(read(first).idle).toBe('poll');
    expect(read({ ...first, wait: 'block' }).idle).toBe('sleep');
    expect(() => read({ ...first, wait: 'sometimes' })).toThrow(/^idle: /);
    expect(() => read({ ...first, schema: 'bypassbench.load/2' })).toThrow(/^idle: /);
  });

  it('refuses an unknown loop, and a rate of 0', () => {
    expect(() => read({ ...first, loop: 'ajar' })).toThrow(/^loop: /);
    expect(() => read({ ...first, loop: 'open', rate_ops: 0 })).toThrow(/^rate_ops: /);
  });

  it('writes what it reads', () => {
    const result = read(first);
    expect(loadResultFormat.read(loadResultFormat.write(result))).toEqual(result);
  });

  it('refuses to write what no reader would take', () => {
    expect(() => loadResultFormat.write({ ...read(first), elapsed_s: Number.NaN })).toThrow(/^elapsed_s: /);
  });
});
