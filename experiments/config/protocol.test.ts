/** What a workload is exchanged in, and which systems can be asked so: said before anything starts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { protocolOf } from './protocol.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'protocol-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(systems: string, workload: string, rest = '') {
  const file = path.join(folder, 'x.yaml');
  const text = `experiment: x\ntitle: X\ntrials: 3\nsystems: ${systems}\nworkload: ${workload}\n${rest}`;
  await writeFile(file, text);
  return readConfig(file, [0, 1]);
}

test('messages need neither operations nor keys, and each system is asked in what it serves', async () => {
  const workload = '{ protocol: [echo, datagrams], value_bytes: 64, duration_s: 1 }';
  const { config } = await read('[echo-epoll, datagrams-dpdk]', workload);
  expect(config.workload).toMatchObject({ operations: ['echo'], keys: 1 });
  expect(config.systems.map((system) => protocolOf(config.workload, system))).toEqual(['echo', 'datagrams']);
  expect(config.floors.map(({ name }) => name)).toEqual(['kernel-sockets', 'dpdk-frames']);
  const plain = await read('[redis]', '{ operations: [get], keys: 10, value_bytes: 64, duration_s: 1 }');
  expect(plain.config.workload.protocol).toBe('resp');
  for (const [protocol, system, operation] of [
    ['sink', 'sink-kernel', 'send'],
    ['relay', 'relay-rdma', 'relay'],
  ]) {
    const one = await read(`[${system}]`, `{ protocol: ${protocol}, value_bytes: 64, duration_s: 1 }`);
    expect(one.config.workload.operations).toEqual([operation]);
  }
});

test.each([
  [
    '[echo-epoll, redis]',
    'protocol: echo',
    /systems\[1\].*: redis serves resp, and the workload's protocol is echo/,
  ],
  ['[echo-epoll]', 'protocol: datagrams', /echo-epoll serves echo, and the workload's protocol is datagrams/],
  [
    '[echo-epoll]',
    'operations: [get], keys: 10',
    /echo-epoll serves echo, and the workload's protocol is resp: leave the system out/,
  ],
  ['[echo-epoll]', 'protocol: echo, operations: [get]', /there is no operation 'get'/],
  ['[echo-epoll]', 'protocol: echo, keys: 10', /workload\.keys: is of requests; messages have none/],
  ['[echo-epoll, sink-epoll]', 'protocol: [echo, sink]', /echo and sink do not measure the same/],
  ['[echo-epoll]', 'protocol: udp', /workload\.protocol/],
])('%s with %s is refused', async (systems, workload, why) => {
  await expect(read(systems, `{ ${workload}, value_bytes: 64, duration_s: 1 }`)).rejects.toThrow(why);
});

test('datagrams have sizes, of which a sweep may have a part', async () => {
  const workload = (size: string): string => `{ protocol: [echo, datagrams], ${size}duration_s: 1 }`;
  const tooSmall = /workload\.value_bytes: a datagram has 8 to 16384 bytes, and this one 7/;
  await expect(read('[datagrams-epoll]', workload('value_bytes: 7, '))).rejects.toThrow(tooSmall);
  const sweep = 'sweep: { value_bytes: [1, 64, 100000] }';
  await expect(read('[echo-epoll, datagrams-epoll]', workload(''), sweep)).rejects.toThrow(
    /sweep\.value_bytes\[0\]: a datagram has .* \(datagrams-epoll; within can leave it out for them\)/,
  );
  const bound = '{ use: datagrams-epoll, within: { value_bytes: { at_least: 8, at_most: 16384 } } }';
  const { points } = await read(`[echo-epoll, ${bound}]`, workload(''), sweep);
  expect(points.map(({ systems }) => systems.length)).toEqual([1, 2, 1]);
});

test('a relay has no stages', async () => {
  const workload = '{ protocol: relay, value_bytes: 64, duration_s: 1 }';
  await expect(read('[relay-epoll]', workload, 'stages: { duration_s: 1 }')).rejects.toThrow(
    /stages: a relay answers on another socket/,
  );
});
