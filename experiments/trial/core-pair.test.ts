import { expect, test } from 'vitest';
import { labHosts } from '../lab/host.ts';
import { hosts as hostsSchema } from '../lab/schema.ts';
import { placementOf } from '../lab/where.ts';
import { corePairOf, floorPairOf } from './core-pair.ts';

const far = { server_cores: [0], client_cores: [1], networks: { lan: { address: '10.0.0.1/24' } } };
const farther = { ...far, networks: { lan: { address: '10.0.0.2/24' } } };
const hosts = labHosts(hostsSchema.parse({ here: { launcher: 'local' }, far, farther }));
const here = placementOf({ server: 'here', generators: ['here'] }, hosts);

const checkout = (...options: string[]) => ({ loadOptions: new Set(options) });

test.each([
  ['one core each', [0], 1, undefined, { client: 1, server: 0 }],
  ['several cores of the server', [0, 2], 1, undefined, 'the server has several cores'],
  [
    'an older checkout',
    [0],
    1,
    checkout('--core', '--server-stamps'),
    'the load generator of its checkout does not measure it',
  ],
  ['a checkout like ours', [0], 1, checkout('--server-core', '--server-pid'), { client: 1, server: 0 }],
])('%s', (_what, server_cores, core, of, expected) => {
  expect(corePairOf({ server_cores, client: { core } }, of, here)).toEqual(expected);
});

test('one core for both has no distance', () => {
  expect(corePairOf({ server_cores: [0], client: { core: 0 } }, undefined, here)).toMatch(
    /^server and client share a core$|^there is one core only$/,
  );
});

test('cores of another machine are not looked at', () => {
  const there = placementOf({ server: 'far', generators: ['far'] }, hosts);
  expect(corePairOf({ server_cores: [0], client: { core: 1 } }, undefined, there)).toBe(
    'it runs on another host',
  );
});

test('cores of two machines have no distance', () => {
  const apart = placementOf({ server: 'far', generators: ['farther'] }, hosts);
  expect(corePairOf({ server_cores: [0], client: { core: 1 } }, undefined, apart)).toBeNull();
});

test('a floor of two cores has its second side on the first', () => {
  expect(floorPairOf({ cores: [2, 3] })).toEqual({ client: 3, server: 2 });
  for (const cores of [[0], [0, 0], [0, 1, 2]]) expect(floorPairOf({ cores })).toBeNull();
});
