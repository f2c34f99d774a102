/**
 * Lab files and experiments on their hosts, with mistakes in either: taken, with a place for each system, or refused by
 * an error that names the place.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { parse } from 'yaml';
import { readConfig } from '../../experiments/config/config.ts';
import { configText } from '../../experiments/config/config-text.ts';
import { readLab, shippedLabs } from '../../experiments/lab/lab.ts';
import { requireUseful } from './configs.ts';
import type { Target } from './target.ts';
import { type Mistakes, mistakes, withMistakes } from './yaml-mistakes.ts';

interface LabCase {
  lab: string;
  inLab: Mistakes;
  inExperiment: Mistakes;
  set: string[];
}

const shipped = shippedLabs();
const none: Mistakes = { lines: [], edits: [] };

/** With a system over sockets, one over frames and one over RDMA, and a place of each kind. */
const experiment = `experiment: x
title: X
trials: 1
workload: { operations: [get], keys: 10, value_bytes: 64, clients: 4, duration_s: 1 }
place: { network: null }
systems:
  - redis
  - use: kvserver
    name: frames
    backend: dpdk
    device: veth
    provenance: software_device
    options: { device: af_packet, interface: '{interface}', ip: '{libos_address}/{prefix}' }
    server_options: { role: null, socket: null, ip: null }
    client: { options: { role: null, socket: null, ip: null } }
    place: { server: client0, generators: [server0] }
    start: bypassbench serve --frontend libos --backend dpdk {options} --bind {host} --port 6379 --core {core}
  - use: kv-kernel
    server_cores: [0, 1]
    env: { ADDRESS: '{address}', DEVICE: '{interface}' }
    client: { more_cores: [2] }
`;

const sets = [
  ...[
    'place.server=client0',
    'place.generators=[server0]',
    'place.generators=[client0, server0]',
    'place=null',
  ],
  ...['place.network=lan', 'place={server: server0, generators: [server0]}', 'hosts.server0.launcher=local'],
  ...[
    'hosts.client0.ssh=null',
    'hosts.server0.client_cores=null',
    'hosts={me: {launcher: local}}',
    'hosts=null',
  ],
  ...[
    'hosts.server0.networks.lan.address=10.0.0.1/8',
    'systems.redis.place.server=none',
    'wire=veth',
    'hosts=x',
  ],
  ...['systems.frames.place=null', 'systems.kv-kernel.cores.distance=near', 'workload.clients=1', 'place=[]'],
];

const some = fc.record(mistakes);

export const labs: Target<LabCase> = {
  holds:
    'lab files, and experiments on their hosts, with mistakes: taken, or refused by an error that names the place',
  cases: fc.record({
    lab: fc.constantFrom(...shipped.keys()),
    inLab: fc.oneof(some, fc.constant(none)),
    inExperiment: fc.oneof(some, fc.constant(none), fc.constant(none)),
    set: fc.subarray(sets, { maxLength: 3 }),
  }),
  play,
};

async function play({ lab, inLab, inExperiment, set }: LabCase): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-fuzz-'));
  const [file, labFile] = ['x.yaml', 'lab.yaml'].map((name) => join(folder, name)) as [string, string];
  const useful = (error: Error): null => {
    requireUseful(error, ['x.yaml:', 'lab.yaml:', '--set ']);
    return null;
  };
  try {
    writeFileSync(labFile, withMistakes(readFileSync(shipped.get(lab) ?? lab, 'utf8'), inLab));
    writeFileSync(file, withMistakes(experiment, inExperiment));
    await readLab(labFile).catch(useful);
    const read = await readConfig(file, [0, 1], { set, lab: labFile }).catch(useful);
    if (read === null) return;
    const isPlaced = read.config.systems.every(({ place }) => place?.server !== undefined);
    if (read.config.hosts !== undefined && !isPlaced) throw new Error('a system has no place');
    // What is printed is an experiment again, in the same place.
    const text = configText(read);
    writeFileSync(file, text);
    const again = configText(await readConfig(file, [0, 1]));
    if (!isDeepStrictEqual(parse(again), parse(text)))
      throw new Error(`is another experiment when it is read again:\n${text}\n${again}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
