/** Experiments on hosts: their own, those of a lab file, and what is wrong with either. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from './config.ts';
import { configText } from './config-text.ts';
import { hostValues, serverAddress } from './host-placeholders.ts';
import { isHere, isOneHost, placementOf } from './placement.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'placement-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

const labOfRig = `lab: rig
hosts:
  server0:
    ssh: node0
    server_cores: [2, 3]
    client_cores: [4]
    networks:
      lan:
        address: 10.10.1.1/24
        libos_address: 10.10.1.101/24
        interface: lan0
        pci: '0000:41:00.0'
        rdma: { device: mlx5_2, gid_index: 3, provider: verbs;ofi_rxm }
        device: ConnectX-5
  client0:
    ssh: node1
    server_cores: [2]
    client_cores: [5, 6]
    networks:
      lan: { address: 10.10.1.2/24, libos_address: 10.10.1.102/24, interface: lan1 }
  client1:
    ssh: node2
    client_cores: [7, 8]
    networks:
      lan: { address: 10.10.1.3/24, interface: lan2 }
      mgmt: { address: 10.0.0.3/24 }
  me:
    launcher: local
    networks:
      lan: { address: 10.10.1.9/24 }
place: { server: server0, generators: [client0, client1] }
`;

const experiment = `experiment: x
title: X
trials: 1
workload: { operations: [get], keys: 10, value_bytes: 64, clients: 3, duration_s: 1 }
systems:
  - { use: redis, device: lan, floor: [] }
`;

/** Over the interface of each host, with a TCP/IP of its own. */
const packets = `  - use: kvserver
    name: packets
    backend: dpdk
    device: lan
    provenance: software_device
    options: { device: af_packet, interface: '{interface}', socket: null, role: null }
    server_options: { ip: '{libos_address}/{prefix}', socket: null, role: null }
    client: { options: { ip: '{libos_address}/{prefix}', socket: null, role: null } }
    start: bypassbench serve --frontend libos --backend dpdk {options} --bind {host} --port 6379 --core {core}
`;

interface Written {
  text?: string;
  labText?: string | null;
  /** One that ships, in its place. */
  lab?: string;
  set?: string[];
  only?: string[];
  quick?: boolean;
  cores?: number[];
}

async function read({
  text = experiment,
  labText = labOfRig,
  set = [],
  cores = [0, 1],
  lab,
  only,
  quick = false,
}: Written = {}) {
  const [file, labFile] = ['x.yaml', 'lab.yaml'].map((name) => path.join(folder, name));
  await writeFile(file, text);
  if (labText !== null) await writeFile(labFile, labText);
  return readConfig(file, cores, { set, only, quick, lab: labText === null ? lab : labFile });
}

async function refusal(written: Written): Promise<string[]> {
  const error = await read(written).then(
    () => new Error('it was taken'),
    (thrown: Error) => thrown,
  );
  expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
  return error.message.split('\n').map((line) => line.trim().replace(`${folder}/`, ''));
}

async function placementsOf(written: Written) {
  const { config } = await read(written);
  return config.systems.map((system) => ({ system, placement: placementOf(config, system) }));
}

describe('without hosts', () => {
  test('a system runs on this machine, and nothing of it is another', async () => {
    const { config } = await read({ labText: null });
    expect(config).not.toHaveProperty('hosts');
    expect(config.systems[0]).not.toHaveProperty('place');
    const placement = placementOf(config, config.systems[0]);
    expect(isHere(placement) && isOneHost(placement)).toBe(true);
    expect(placement.network).toBeNull();
    expect(configText(await read({ labText: null }))).not.toMatch(/hosts:|place:|server on/);
  });
});

describe('on the hosts of a lab file', () => {
  test('a system has its place, with the cores of its hosts', async () => {
    const [{ system, placement }] = await placementsOf({});
    expect(system.place).toEqual({ server: 'server0', generators: ['client0', 'client1'], network: 'lan' });
    expect(system.server_cores).toEqual([2]);
    expect(system.client.core).toBe(5);
    expect(placement.server.host.ssh?.host).toBe('node0');
    expect(placement.generators.map(({ host, network }) => [host.name, network?.address])).toEqual([
      ['client0', '10.10.1.2'],
      ['client1', '10.10.1.3'],
    ]);
    expect(isHere(placement) || isOneHost(placement)).toBe(false);
  });

  test('as many cores are taken as the system names', async () => {
    const text = experiment.replace(
      'floor: []',
      'floor: [], server_cores: [0, 1], client: { more_cores: [0] }',
    );
    const [{ system }] = await placementsOf({ text });
    expect(system.server_cores).toEqual([2, 3]);
    expect(system.client).toMatchObject({ core: 5, more_cores: [6] });
  });

  test('the cores of this machine say nothing of those of others', async () => {
    await read({ cores: [0] });
    await read({ cores: [0], text: experiment.replace('floor: []', 'server_cores: [40]') });
  });

  test('the experiment may say another place than the lab does, a system another than the experiment', async () => {
    const text = `${experiment}  - { use: kv-kernel, device: lan, place: { generators: [client1] } }\nplace: { server: client0, generators: [server0] }\n`;
    const placements = await placementsOf({ text });
    expect(placements.map(({ system }) => system.place)).toEqual([
      { server: 'client0', generators: ['server0'], network: 'lan' },
      { server: 'client0', generators: ['client1'], network: 'lan' },
    ]);
  });

  test('hosts of the experiment and its place give way to a lab', async () => {
    const own = 'hosts: { a: {}, b: {} }\nplace: { server: a, generators: [b] }\n';
    const [{ system }] = await placementsOf({ text: experiment + own });
    expect(system.place).toMatchObject({ server: 'server0' });
  });

  test('--set says another', async () => {
    const set = [
      'hosts.server0.ssh.port=2222',
      'hosts.client1.ssh=far.example.org',
      'place.generators=[client1]',
      'hosts.server0.networks.lan.address=10.10.1.77/24',
    ];
    const [{ placement }] = await placementsOf({ set });
    expect(placement.server.host.ssh).toMatchObject({ host: 'node0', port: 2222 });
    expect(placement.generators.map(({ host }) => host.ssh?.host)).toEqual(['far.example.org']);
    expect(placement.server.network?.address).toBe('10.10.1.77');
    const [{ system }] = await placementsOf({
      set: ['systems.redis.place.server=client0', 'place.generators=[server0]'],
    });
    expect(system.place).toEqual({ server: 'client0', generators: ['server0'], network: 'lan' });
  });

  test('a lab of one host needs no place', async () => {
    const labText = 'lab: one\nhosts: { me: { launcher: local, server_cores: [1], client_cores: [0] } }\n';
    const [{ system, placement }] = await placementsOf({ labText });
    expect(isHere(placement)).toBe(true);
    expect([system.server_cores, system.client.core]).toEqual([[1], 0]);
    expect(placement.network).toBeNull();
  });

  test('a host that is this machine leaves systems the cores that they name', async () => {
    const [{ system, placement }] = await placementsOf({ set: ['place={server: me, generators: [me]}'] });
    expect([system.server_cores, system.client.core]).toEqual([[0], 1]);
    expect(placement.server.network).toBeNull();
    const lines = await refusal({ set: ['place={server: me, generators: [me]}'], cores: [0] });
    expect(lines.join('\n')).toMatch(/core 1 is not there: this process may use core 0/);
  });

  test('what is printed is an experiment again, which says who runs where', async () => {
    const text = configText(await read({ set: ['workload.open_loop.rate_ops=3000'] }));
    expect(text).toContain(
      [
        '  # server on server0, core 2, over lan, at 10.10.1.1',
        '  # load from client0, core 5: 2 connections, 1500/s',
        '  # load from client1, core 7: 1 connection, 1500/s',
        '  - name: redis',
      ].join('\n'),
    );
    const again = await read({ text, labText: null });
    expect(parse(configText(again))).toEqual(parse(text));
  });

  test('what goes over loopback on one machine goes over what the network is there', async () => {
    const text = `${experiment.replace('device: lan', 'label: Redis')}  - kv-kernel\n`;
    const devices = (await placementsOf({ text })).map(({ system }) => [system.device, system.provenance]);
    expect(devices).toEqual([
      ['ConnectX-5', 'real_device'],
      ['ConnectX-5', 'real_device'],
    ]);
    const [{ system }] = await placementsOf({ text, set: ['place={server: me, generators: [me]}'] });
    expect([system.device, system.provenance]).toEqual(['loopback', 'software_device']);
  });

  test('hosts need not have what is not to be run', async () => {
    const text = `${experiment}  - kv-dpdk\n${packets}`;
    const { config } = await read({ text, only: ['redis'] });
    expect(config.systems).toHaveLength(3);
    const lines = await refusal({ text, only: ['redis', 'kv-dpdk'] });
    expect(lines.join()).toMatch(/kv-dpdk goes through memory/);
    expect(lines.join()).not.toMatch(/packets/);
    const quick = `${text}quick: { systems: [redis] }\n`;
    await read({ text: quick, quick: true });
    await refusal({ text: quick });
  });

  test('floors, which are measured on this machine, are left out elsewhere', async () => {
    const text = experiment.replace('clients: 3', 'clients: 1').replace(', floor: []', '');
    const there = await read({ text, set: ['place.generators=[client0]'] });
    expect(there.config.floors).toEqual([]);
    expect(there.points[0].floors).toEqual([]);
    const here = await read({ text, set: ['place={server: me, generators: [me]}'] });
    expect(here.config.floors.map(({ name }) => name)).toEqual(['kernel-sockets']);
  });
});

describe('placeholders of hosts', () => {
  test('are those of the host where the word is used', async () => {
    const [{ system, placement }] = await placementsOf({
      text: experiment.replace(/ {2}- \{ use: redis.*\n/, packets),
      set: ['place.generators=[client0]'],
    });
    expect(serverAddress(placement, system.backend)).toBe('10.10.1.101');
    expect(hostValues(placement.server)).toEqual({
      address: '10.10.1.1',
      prefix: '24',
      libos_address: '10.10.1.101',
      interface: 'lan0',
      pci: '0000:41:00.0',
      rdma_device: 'mlx5_2',
      gid_index: '3',
      rdma_provider: 'verbs;ofi_rxm',
    });
    expect(hostValues(placement.generators[0])).toMatchObject({
      interface: 'lan1',
      libos_address: '10.10.1.102',
    });
    expect(serverAddress(placement, 'kernel')).toBe('10.10.1.1');
    expect(serverAddress(placement, 'rdma')).toBe('10.10.1.1');
  });
});

describe('is refused', () => {
  test.each<[what: string, written: Written, message: RegExp]>([
    [
      'an unknown key of the lab',
      { labText: labOfRig.replace('place:', 'palce:') },
      /^lab.yaml:31:1: palce: unknown key 'palce': did you mean 'place'\?/,
    ],
    ['a lab without hosts', { labText: 'lab: x\n' }, /^lab.yaml:1:1: `hosts` is missing/],
    [
      'a wrong value of the lab',
      { labText: labOfRig.replace('lan0', 'x/y') },
      /^lab.yaml:11:9: hosts.server0.networks.lan.interface: must be the name/,
    ],
    [
      'two hosts with one address',
      { labText: labOfRig.replace('10.10.1.2/24', '10.10.1.1/24') },
      /^lab.yaml:20:14: hosts.client0.networks.lan.address: 10.10.1.1 is the `address` of host server0/,
    ],
    [
      'hosts in the experiment',
      { labText: null, text: `${experiment}hosts: { a: { ssh: -x } }\n` },
      /^x.yaml:7:15: hosts.a.ssh: must not begin with -/,
    ],
    [
      'a place without hosts',
      { labText: null, text: `${experiment}place: { server: a, generators: [b] }\n` },
      /^x.yaml:7:10: place.server: no host is named 'a': there are none/,
    ],
    [
      'hosts without a place',
      { labText: labOfRig.replace(/place:.*\n/, '') },
      /: place: is missing: nothing says which of the hosts systems run on \(server0, client0, client1, me\)/,
    ],
    [
      'a place without generators',
      { labText: labOfRig.replace(', generators: [client0, client1]', '') },
      /^lab.yaml:31:1: place.generators: is missing; hosts: server0, /,
    ],
    [
      'a system on an unknown host',
      { set: ['systems.redis.place.server=sever0'] },
      /^--set .*: no host is named 'sever0': did you mean 'server0'\?/,
    ],
    [
      'the same of the experiment',
      { text: `${experiment}place: { server: sever0 }\n` },
      /^x.yaml:7:10: place.server: no host is named 'sever0'/,
    ],
    [
      'a network that a host is not on',
      { set: ['place.network=mgmt'] },
      /: host server0 is not on a network 'mgmt'; allowed: lan/,
    ],
    [
      'cores that another machine does not say',
      { set: ['place.server=client1', 'place.generators=[client0]'] },
      /hosts.client1.server_cores: is missing: systems name cores of this machine, and redis is on host client1: list those there/,
    ],
    [
      'more cores than the host has',
      { text: experiment.replace('floor: []', 'server_cores: [0, 1, 2]') },
      /takes 3 cores, and host server0 has 2 in its `server_cores`: list more there/,
    ],
    [
      'more cores of a generator',
      { text: experiment.replace('floor: []', 'client: { more_cores: [2, 3] }') },
      /takes 3 cores, and host client0 has 2 in its `client_cores`/,
    ],
    [
      'one core for both',
      { set: ['place.generators=[server0]', 'hosts.server0.client_cores=[2]'] },
      /server and generator would share core 2 of host server0/,
    ],
    [
      'a core that this machine has not',
      { labText: 'lab: x\nhosts: { me: { launcher: local, server_cores: [9] } }\n' },
      /^lab.yaml:2:\d+: hosts.me.server_cores\[0\]: core 9 is not there: this process may use cores 0, 1/,
    ],
    [
      'cores by their distance',
      { text: experiment.replace('floor: []', 'cores: { distance: near }') },
      /cores are chosen by their distance on this machine alone/,
    ],
    [
      'a wire',
      { text: `${experiment}wire: veth\n` },
      /redis is placed on hosts, and `wire` joins two ends of this machine/,
    ],
    [
      'loopback between hosts',
      {
        text: experiment.replace('device: lan', 'label: Redis'),
        set: ['hosts.server0.networks.lan.device=null'],
      },
      /redis has `device: loopback`: say what lies between server and generators, as `device` of hosts.server0.networks.lan or of the system/,
    ],
    [
      'memory that two machines do not share',
      { text: `${experiment}  - kv-dpdk\n` },
      /kv-dpdk goes through memory of one machine, and its generators are on others than its server/,
    ],
    [
      'a folder of one machine at the other',
      { text: `${experiment}  - kv-dpdk\n` },
      /client.options.socket: \{dir\} is a folder of the server's host/,
    ],
    [
      'a generator without a connection',
      { text: experiment.replace('clients: 3', 'clients: 1') },
      /workload.clients: 1 for 2 generators: each needs a connection at least \(redis\)/,
    ],
    [
      'what a host has not',
      { text: experiment + packets },
      /\{libos_address\}: packets needs `libos_address` of host client1 on network lan, which has none: say hosts.client1.networks.lan.libos_address/,
    ],
    [
      'an address of a libOS that the server has not',
      { text: experiment + packets, set: ['hosts.server0.networks.lan.libos_address=null'] },
      /\{host\}: over dpdk packets has an address of its own, and host server0 on network lan has no `libos_address`/,
    ],
    [
      'what hosts have, without hosts',
      { labText: null, text: experiment + packets },
      /\{interface\} is of a host on a network, and no `place` says which/,
    ],
    [
      'what hosts have, within one host',
      { text: experiment + packets, set: ['systems.packets.place={server: me, generators: [me]}'] },
      /\{interface\} is of a network, and the place of packets has none: say `place.network`/,
    ],
    [
      'an unknown placeholder',
      { text: experiment + packets.replace('{interface}', '{interfaze}') },
      /unknown placeholder \{interfaze\}: did you mean 'interface'\?/,
    ],
    [
      'one interface for both',
      {
        text: experiment + packets,
        set: ['systems.packets.place={server: server0, generators: [server0], network: lan}'],
      },
      /lan0: server and generator on host server0 would both have it: place them apart/,
    ],
    [
      'one address for both',
      {
        text: experiment + packets,
        set: ['systems.packets.place={server: server0, generators: [server0], network: lan}'],
      },
      /10.10.1.101\/24: server and generator on host server0 would both have it/,
    ],
  ])('%s', async (_, written, message) => {
    const lines = await refusal(written);
    expect(lines).toEqual(expect.arrayContaining([expect.stringMatching(message)]));
  });

  test('and what is right beside it is not', async () => {
    const both = {
      text: experiment + packets,
      set: ['hosts.client1.networks.lan.libos_address=10.10.1.103/24'],
    };
    const { config } = await read(both);
    expect(config.systems.map(({ name }) => name)).toEqual(['redis', 'packets']);
    await read({ set: ['place.generators=[server0]'] });
    await read({
      text: experiment.replace('floor: []', 'server_cores: [0, 1], client: { more_cores: [2] }'),
    });
    await read({
      text: `${experiment}  - kv-dpdk\n`,
      set: ['systems.kv-dpdk.place={server: me, generators: [me]}'],
    });
  });
});

describe('docs/labs.md', async () => {
  const text = await readFile(path.join(import.meta.dirname, '..', '..', 'docs', 'labs.md'), 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block]) => block as string);
  const head = experiment.slice(0, experiment.indexOf('systems:'));

  test('has a lab, on which systems are as it says', async () => {
    const [labText, places] = blocks as [string, string];
    const { config } = await read({ labText, text: head + places });
    expect(config.systems.map(({ place }) => place?.generators)).toEqual([
      ['client0', 'client1'],
      ['client1'],
    ]);
  });

  test('has the four paths over a NIC', async () => {
    const { config } = await read({ text: head + blocks.at(-1), labText: null, lab: 'cloudlab-c6525-25g' });
    expect(config.systems.map(({ name, backend }) => [name, backend])).toEqual([
      ['kv-kernel', 'kernel'],
      ['kv-nic-rdma', 'rdma'],
      ['kv-nic-pci', 'dpdk'],
      ['mine', 'dpdk'],
    ]);
  });
});
