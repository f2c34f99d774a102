import { expect, test } from 'vitest';
import { leftOutInWords } from './left-out.ts';

test('systems by their names, then axes with the values that are not measured', () => {
  const clients = { name: 'clients', values: [2, 1000] };
  expect(leftOutInWords({ systems: ['redis', 'kv-rdma'], axes: [clients] })).toBe(
    'redis and kv-rdma; clients 2 and 1,000',
  );
  expect(leftOutInWords({ systems: [], axes: [clients, { name: 'keys', values: ['few'] }] })).toBe(
    'clients 2 and 1,000; keys few',
  );
});
