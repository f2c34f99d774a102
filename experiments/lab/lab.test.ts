import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ExperimentError } from '../errors.ts';
import { ownCheckout } from '../machine/checkout.ts';
import { readLab, shippedLabs } from './lab.ts';
import { labJsonSchema } from './schema.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lab-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(text: string): Promise<string> {
  const file = path.join(folder, 'lab.yaml');
  await writeFile(file, text);
  return file;
}

const valid = `lab: two
hosts:
  server0:
    ssh: { host: node0, user: me, port: 2222, identity: ~/.ssh/id_lab, jump: gate }
    folder: ~/a b
    server_cores: [2, 3]
    client_cores: [4]
    networks:
      lan:
        address: 10.10.1.1/24
        libos_address: 10.10.1.101/24
        interface: ens1f1
        pci: "0000:03:00.1"
        rdma: { device: mlx5_0, gid_index: 3, provider: verbs }
        device: CX-5
    hugepages: { size: 1G, count: 2 }
    env: { A: 1, B: x }
    clock: ptp
  client0:
    ssh: node1
    networks:
      lan: { address: 10.10.1.2/24, provenance: software_device }
  me:
    launcher: local
  cn1:
    launcher: srun
    srun: cn-101
place: { server: server0, generators: [client0] }
`;

async function refusal(text: string): Promise<ExperimentError> {
  const error = await readLab(await write(text)).catch((thrown: Error) => thrown);
  expect(error).toBeInstanceOf(ExperimentError);
  return error as ExperimentError;
}

describe('a lab file', () => {
  test('has hosts with all that follows from what it says', async () => {
    const { name, hosts, place } = await readLab(await write(valid));
    expect(name).toBe('two');
    expect(place).toEqual({ server: 'server0', generators: ['client0'] });
    const nothing = { hugepages: null, env: {}, clock: 'none', server_cores: null, client_cores: null };
    expect(hosts).toEqual([
      {
        name: 'server0',
        launcher: 'ssh',
        ssh: { host: 'node0', user: 'me', port: 2222, identity: '~/.ssh/id_lab', jump: 'gate' },
        node: null,
        folder: '~/a b',
        server_cores: [2, 3],
        client_cores: [4],
        networks: [
          {
            name: 'lan',
            address: '10.10.1.1',
            prefix_bits: 24,
            libos_address: '10.10.1.101',
            interface: 'ens1f1',
            pci: '0000:03:00.1',
            rdma: { device: 'mlx5_0', gid_index: 3, provider: 'verbs' },
            device: 'CX-5',
            provenance: 'real_device',
          },
        ],
        hugepages: { size: '1G', count: 2 },
        env: { A: '1', B: 'x' },
        clock: 'ptp',
      },
      {
        ...nothing,
        name: 'client0',
        launcher: 'ssh',
        ssh: { host: 'node1', user: null, port: null, identity: null, jump: null },
        node: null,
        folder: '~/bypassbench',
        networks: [
          {
            name: 'lan',
            address: '10.10.1.2',
            prefix_bits: 24,
            libos_address: null,
            interface: null,
            pci: null,
            rdma: null,
            device: null,
            provenance: 'software_device',
          },
        ],
      },
      { ...nothing, name: 'me', launcher: 'local', ssh: null, node: null, folder: ownCheckout, networks: [] },
      {
        ...nothing,
        name: 'cn1',
        launcher: 'srun',
        ssh: null,
        node: 'cn-101',
        folder: '~/bypassbench',
        networks: [],
      },
    ]);
  });

  test('needs names alone', async () => {
    const { hosts } = await readLab(await write('lab: x\nhosts: { node0: {}, node1: { launcher: srun } }\n'));
    expect(hosts.map(({ ssh, node }) => ssh?.host ?? node)).toEqual(['node0', 'node1']);
  });

  test.each<[what: string, replaced: string, by: string, place: string, message: string]>([
    ['an unknown key', 'place:', 'palce:', '28:1', "palce: unknown key 'palce': did you mean 'place'?"],
    [
      'a key of a host',
      'folder:',
      'foldr:',
      '5:5',
      "hosts.server0.foldr: unknown key 'foldr': did you mean 'folder'?",
    ],
    [
      'a key of ssh',
      'user: me',
      'usr: me',
      '4:25',
      "hosts.server0.ssh.usr: unknown key 'usr': did you mean 'user'?",
    ],
    [
      'a key of a network',
      'interface: ens1f1',
      'interfaces: x',
      '12:9',
      "hosts.server0.networks.lan.interfaces: unknown key 'interfaces': did you mean 'interface'?",
    ],
    [
      'a launcher',
      'launcher: srun',
      'launcher: srum',
      '26:5',
      "hosts.cn1.launcher: 'srum' is not allowed: did you mean 'srun'?",
    ],
    [
      'a port',
      'port: 2222',
      'port: 70000',
      '4:35',
      'hosts.server0.ssh.port: must be at most 65535 (it is 70000)',
    ],
    [
      'a port that is a text',
      'port: 2222',
      'port: ssh',
      '4:35',
      "hosts.server0.ssh.port: must be a number (it is 'ssh')",
    ],
    [
      'a jump host',
      'jump: gate',
      'jump: "a b"',
      '4:72',
      "hosts.server0.ssh.jump: must be [user@]host[:port], several separated by commas; 'a b' is none",
    ],
    [
      'an option for a host',
      'ssh: node1',
      'ssh: -oProxyCommand=x',
      '20:5',
      'hosts.client0.ssh: must not begin with -, which ssh takes for an option',
    ],
    [
      'a user in a host',
      'ssh: node1',
      'ssh: me@node1',
      '20:5',
      'hosts.client0.ssh: is a host alone: say the user as `user`',
    ],
    [
      'an address',
      'address: 10.10.1.2/24',
      'address: 10.10.1.2',
      '22:14',
      "hosts.client0.networks.lan.address: must be an IPv4 address with the length of its network's prefix, such as 10.10.1.1/24",
    ],
    [
      'a network as an address',
      'address: 10.10.1.2/24',
      'address: 10.10.1.0/24',
      '22:14',
      'hosts.client0.networks.lan.address: is the address of the network itself, which no host has',
    ],
    [
      'a PCI address',
      '"0000:03:00.1"',
      '"03:00.1"',
      '13:9',
      'hosts.server0.networks.lan.pci: must look like 0000:03:00.1 (lspci -D; bypassbench doctor)',
    ],
    [
      'an interface',
      'interface: ens1f1',
      'interface: a-name-that-is-too-long',
      '12:9',
      'hosts.server0.networks.lan.interface: must be the name of an interface: 1 to 15 characters, no / : , = or space',
    ],
    [
      'no cores',
      'server_cores: [2, 3]',
      'server_cores: []',
      '6:5',
      'hosts.server0.server_cores: must have at least one element',
    ],
    [
      'a core twice',
      'server_cores: [2, 3]',
      'server_cores: [2, 2]',
      '6:23',
      'hosts.server0.server_cores[1]: core 2 is listed twice',
    ],
    [
      'the sibling',
      'client_cores: [4]',
      'client_cores: [4, 5, 4]',
      '7:26',
      'hosts.server0.client_cores[2]: core 4 is listed twice',
    ],
    [
      'a core below 0',
      'client_cores: [4]',
      'client_cores: [-4]',
      '7:20',
      'hosts.server0.client_cores[0]: must be at least 0 (it is -4)',
    ],
    [
      'the name of a host',
      '  client0:',
      '  client.0:',
      '19:3',
      'hosts.client.0: must be letters, digits, - and _, with a letter or a digit first: its address goes to `ssh`',
    ],
    [
      'a folder',
      'folder: ~/a b',
      'folder: a b',
      '5:5',
      'hosts.server0.folder: must be the whole path of a folder, or one below the home folder there (~/bypassbench)',
    ],
    [
      'ssh of a host by srun',
      'srun: cn-101',
      'ssh: cn-101',
      '27:5',
      'hosts.cn1.ssh: is of `launcher: ssh`, and this host has `srun`: leave one of the two out',
    ],
    [
      'srun of a host by ssh',
      'ssh: node1',
      'srun: node1',
      '20:5',
      'hosts.client0.srun: is of `launcher: srun`, and this host has `ssh`: leave one of the two out',
    ],
    [
      'a folder of this machine',
      'launcher: local',
      'launcher: local\n    folder: /x',
      '25:5',
      'hosts.me.folder: this machine has this checkout: leave it out',
    ],
    [
      'two hosts with one address',
      'address: 10.10.1.2/24',
      'address: 10.10.1.1/24',
      '22:14',
      'hosts.client0.networks.lan.address: 10.10.1.1 is the `address` of host server0 on network lan already: each has its own',
    ],
    [
      'two networks with one address',
      'lan: { address: 10.10.1.2/24, provenance: software_device }',
      'lan: { address: 10.10.1.2/24, provenance: software_device }\n      fast: { address: 10.10.1.2/16 }',
      '23:15',
      'hosts.client0.networks.fast.address: 10.10.1.2 is the `address` of host client0 on network lan already: each has its own',
    ],
    [
      'a libOS with the address of a kernel',
      '10.10.1.101/24',
      '10.10.1.1/24',
      '11:9',
      'hosts.server0.networks.lan.libos_address: 10.10.1.1 is the `address` of host server0 on network lan already: each has its own',
    ],
    [
      'a libOS in another network',
      '10.10.1.101/24',
      '10.10.2.101/24',
      '11:9',
      'hosts.server0.networks.lan.libos_address: is in 10.10.2.0/24, and the `address` beside it in 10.10.1.0/24: they must be in one network',
    ],
    [
      'no common subnet',
      'address: 10.10.1.2/24',
      'address: 10.10.2.2/24',
      '22:14',
      'hosts.client0.networks.lan.address: is in 10.10.2.0/24, and on lan host server0 is in 10.10.1.0/24: hosts of one network have addresses in one; give networks that are two a name each',
    ],
    [
      'one machine and folder twice',
      'srun: cn-101',
      'srun: cn-101\n  cn2: { launcher: srun, srun: cn-101 }',
      '28:3',
      'hosts.cn2: is reached as host cn1 is and has the same folder: give it another `folder`, or leave it out',
    ],
    [
      'this machine twice',
      '  me:',
      '  here: { launcher: local }\n  me:',
      '24:3',
      'hosts.me: is this machine, as host here is: leave one of the two out',
    ],
    [
      'a server on no host',
      'server: server0',
      'server: sever0',
      '28:10',
      "place.server: no host is named 'sever0': did you mean 'server0'?",
    ],
    [
      'a generator on no host',
      '[client0]',
      '[cleint0]',
      '28:40',
      "place.generators[0]: no host is named 'cleint0': did you mean 'client0'?",
    ],
    [
      'a generator twice',
      '[client0]',
      '[client0, client0]',
      '28:49',
      "place.generators[1]: 'client0' is listed twice: a host generates once, on as many cores as it is given",
    ],
    [
      'a network that a host is not on',
      '[client0]',
      '[client0], network: lam',
      '28:50',
      "place.network: host server0 is not on a network 'lam': did you mean 'lan'?",
    ],
    [
      'no network together',
      '[client0]',
      '[me]',
      '28:1',
      'place.network: server0 and me are on no network together: say their addresses on one in their `networks`',
    ],
  ])('is refused for %s', async (_, replaced, by, place, message) => {
    expect(valid).toContain(replaced);
    const { code, message: said } = await refusal(valid.replace(replaced, by));
    expect(code).toBe('LAB_INVALID');
    expect(said.replaceAll(`${folder}/`, '')).toContain(`lab.yaml:${place}: ${message}`);
  });

  test('says all that is wrong at once', async () => {
    const wrong = valid
      .replace('10.10.1.2/24', '10.10.1.1/24')
      .replace('[2, 3]', '[2, 2]')
      .replace('srun: cn-101', 'ssh: x');
    const { message } = await refusal(wrong);
    expect(message.split('\n')[0]).toBe('the lab has 3 problems:');
  });

  test('may name two users of one machine, and two ports of one address', async () => {
    const two = (a: string, b: string): string => `lab: x\nhosts:\n  a: { ssh: ${a} }\n  b: { ssh: ${b} }\n`;
    await readLab(await write(two('{ host: n, user: x }', '{ host: n, user: y }')));
    await readLab(await write(two('{ host: n, port: 1 }', '{ host: n, port: 2 }')));
    await readLab(await write(two('{ host: n, jump: g }', 'n')));
    expect((await refusal(two('n', '{ host: n }'))).message).toMatch(/reached as host a is/);
    const oneFolder = two('{ host: n, user: x }', '{ host: n, user: y }').replaceAll(
      ' } }',
      ' }, folder: /srv/x }',
    );
    expect((await refusal(oneFolder)).message).toMatch(/reached as host a is/);
  });

  test('asks for the network where hosts share several, and takes the one that they share alone', async () => {
    const host = (n: number, ...networks: string[]): string =>
      `{ networks: { ${networks.map((name, at) => `${name}: { address: 10.${at}.0.${n}/24 }`).join(', ')} } }`;
    const text = (a: string, b: string): string =>
      `lab: x\nhosts:\n  a: ${a}\n  b: ${b}\nplace: { server: a, generators: [b] }\n`;
    await readLab(await write(text(host(1, 'lan', 'x'), host(2, 'lan', 'y'))));
    const { message } = await refusal(text(host(1, 'lan', 'x'), host(2, 'lan', 'x')));
    expect(message).toMatch(/:5:1: place.network: is missing: a and b share lan and x$/);
  });
});

describe('what is no lab file', () => {
  test.each([
    ['', /:1:1: is empty: it must be a mapping/],
    ['# nothing\n', /is empty/],
    ['[]\n', /:1:1: it must be a mapping \(key: value\) with lab, hosts and place/],
    ['- lab: x\n', /must be a mapping/],
    ['lab\n', /must be a mapping/],
    ['7\n', /must be a mapping/],
    ['lab: {\n', /:2:1: not valid YAML|:1:\d+: not valid YAML/],
    ['lab: x\nlab: y\nhosts: { a: {} }\n', /:2:1: not valid YAML: Map keys must be unique/],
    ['lab: x\n---\nlab: y\n', /not valid YAML/],
    ['lab: &a [*a]\n', /stands within what it stands for/],
    ['lab: x\nhosts: {}\n', /:2:1: hosts: must have at least one host/],
    ['lab: x\n', /hosts: is missing: it must be a mapping/],
    ['hosts: { a: {} }\n', /lab: is missing: it must be text/],
    ['lab: x\nhosts: [a]\n', /:2:1: hosts: must be a mapping/],
    ['lab: x\nhosts: { a: }\n', /:2:10: hosts.a: must be a mapping/],
    [
      'lab: x\nhosts: { __proto__: { launcher: local } }\n',
      /:2:10: hosts.__proto__: no key can be called so/,
    ],
  ])('%j is refused with its place', async (text, message) => {
    const error = await refusal(text);
    expect(error.code).toBe('LAB_INVALID');
    expect(error.message).toMatch(message);
  });

  test('is refused with the remedy', async () => {
    const names = [...shippedLabs().keys()].join(', ');
    await expect(readLab('cloudlab-xl171')).rejects.toMatchObject({
      code: 'LAB_NOT_FOUND',
      message: `no lab that ships is named 'cloudlab-xl171': did you mean 'cloudlab-xl170'?; there are ${names}; any other is named by its file`,
    });
    await expect(readLab(path.join(folder, 'none.yaml'))).rejects.toMatchObject({
      code: 'LAB_NOT_FOUND',
      message: expect.stringMatching(/does not exist: name a lab file, or one of experiments\/labs/),
    });
    await mkdir(path.join(folder, 'a.folder'));
    await expect(readLab(path.join(folder, 'a.folder'))).rejects.toThrow(/is a folder/);
  });
});

test.each([...shippedLabs()])('%s, which ships, is one', async (name, file) => {
  const lab = await readLab(name);
  expect(lab.name).toBe(name);
  expect(lab.place).not.toBeNull();
  expect(await readLab(file)).toEqual(lab);
  const [, schema = ''] =
    /^# yaml-language-server: \$schema=(\S+)\n/.exec(await readFile(file, 'utf8')) ?? [];
  expect(path.resolve(path.dirname(file), schema)).toBe(
    path.join(import.meta.dirname, '..', 'lab.schema.generated.json'),
  );
});

test("the editor's schema of a lab file says what the reader takes", async () => {
  const text = `${JSON.stringify(labJsonSchema(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../lab.schema.generated.json');
});
