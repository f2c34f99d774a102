import { describe, expect, it } from 'vitest';
import { TestServer } from './test-clients.ts';

const { parameters } = new TestServer().engine.configuration;

function set(name: string, value: string): string | null {
  return parameters.get(name)!.set!(value);
}

describe('CONFIG SET', () => {
  it('takes the value that a parameter has', () => {
    for (const [name, { get, set }] of parameters) {
      if (set !== undefined) expect([name, set(get())]).toEqual([name, null]);
    }
  });

  it.each([
    ['appendonly', 'NO'],
    ['maxmemory', '0mb'],
    ['maxmemory-policy', 'NoEviction'],
    ['client-output-buffer-limit', 'normal 1gb 256mb 60'],
  ])('takes it in another spelling: %s %s', (name, value) => {
    expect(set(name, value)).toBeNull();
  });

  it.each([
    ['save', '3600 1'],
    ['appendonly', 'yes'],
    ['timeout', '300'],
    ['maxmemory-clients', '10%'],
  ])('refuses what the server cannot do: %s %s', (name, value) => {
    const former = parameters.get(name)!.get();
    expect(set(name, value)).toBe(`this server has no other value than '${former}'`);
  });

  it.each([
    ['appendonly', 'perhaps', "argument must be 'yes' or 'no'"],
    ['maxmemory', 'much', 'argument must be a memory value'],
    ['maxmemory-clients', '101%', 'percentage argument must be less or equal to 100'],
    ['maxmemory-samples', '0', 'argument must be between 1 and 2147483647 inclusive'],
    ['timeout', '1.5', "argument couldn't be parsed into an integer"],
    ['proto-max-bulk-len', '10gb', 'argument must be between 1048576 and 536870912 inclusive'],
    ['proto-max-bulk-len', '1023', 'argument must be between 1048576 and 536870912 inclusive'],
    [
      'list-max-listpack-size',
      '-2147483649',
      'argument must be between -2147483648 and 2147483647 inclusive',
    ],
    ['list-compress-depth', '-1', 'argument must be between 0 and 2147483647 inclusive'],
    ['list-compress-depth', 'x', "argument couldn't be parsed into an integer"],
    ['client-query-buffer-limit', '2gb', 'argument must be between 1048576 and 1073741824 inclusive'],
  ])('refuses %s %s', (name, value, problem) => {
    const former = parameters.get(name)!.get();
    expect(set(name, value)).toBe(problem);
    expect(parameters.get(name)!.get()).toBe(former);
  });
});
