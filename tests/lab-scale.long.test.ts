/**
 * Many load generators of one server: 1, 8 and 64 hosts, each a network namespace with a real sshd. How close together
 * they begin, that what they measured is all there, and how much memory the controller takes. With so many processes on
 * a few cores it says nothing of latencies.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, test } from 'vitest';
import { availableCores } from '../experiments/machine/machine.ts';
import { loadResultFormat, type Trial, trialFormat } from '../results/formats/index.ts';
import { CHECKOUT, INTERFACE, LabRig, mayMakeLab, PREFIX_BITS } from './lab-rig.ts';
import { root } from './source-tree.ts';

const cores = availableCores();
const [first] = cores;
const COUNTS = [1, 8, 64];
const RATE_OPS = 2;
const DURATION_S = 10;
const MEGABYTE = 1024 ** 2;

interface Scale {
  clients: number;
  elapsedS: number;
  /** Of the controller, the most that it had. */
  memoryBytes: number;
  trial: Trial;
  folder: string;
}

/** One run, of one system over kernel sockets, by so many generators. */
async function run(clients: number): Promise<Scale> {
  const rig = await LabRig.make(clients);
  try {
    const hosts = rig.all.map(({ name, address, folder }, index) => {
      const lan = { address: `${address}/${PREFIX_BITS}`, interface: INTERFACE, device: 'veth' };
      const networks = { lan: { ...lan, provenance: 'software_device' } };
      const env = { TMPDIR: path.join(folder, 'tmp') };
      return [
        name,
        {
          folder: CHECKOUT,
          networks,
          server_cores: [first],
          client_cores: [cores.at(index % cores.length)],
          env,
        },
      ];
    });
    const generators = rig.all.slice(1).map(({ name }) => name);
    const lab = { lab: 'scale', hosts: Object.fromEntries(hosts), place: { server: 'server0', generators } };
    const experiment = {
      ...{ experiment: 'scale', title: 'scale', trials: 1 },
      systems: [{ use: 'redis', client: { idle: 'sleep' } }],
      workload: {
        ...{ operations: ['get'], keys: 100, value_bytes: 64, clients },
        open_loop: { arrivals: 'constant', rate_ops: RATE_OPS * clients },
        ...{ warmup_s: 0.5, duration_s: DURATION_S, margin_s: 300 },
      },
    };
    const files = ['lab.yaml', 'scale.yaml', 'out'].map((name) => path.join(rig.folder, name));
    const [labFile, file, out] = files as [string, string, string];
    // JSON is YAML.
    writeFileSync(labFile, JSON.stringify(lab));
    writeFileSync(file, JSON.stringify(experiment));
    const startMs = performance.now();
    const memoryBytes = await mostMemory(['run', file, '--lab', labFile, '--out', out]);
    const elapsedS = (performance.now() - startMs) / 1000;
    return { clients, elapsedS, memoryBytes, ...measured(out, clients) };
  } finally {
    await rig.close();
  }
}

async function mostMemory(words: readonly string[]): Promise<number> {
  const child = spawn(path.join(root, 'bin/bypassbench'), words, { stdio: ['ignore', 'ignore', 'inherit'] });
  let most = 0;
  const looks = setInterval(() => {
    const kB = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
    most = Math.max(most, Number(kB ?? 0) * 1024);
  }, 50);
  await once(child, 'exit');
  clearInterval(looks);
  return most;
}

/** Holds the merged result against those of the hosts. */
function measured(out: string, clients: number): Pick<Scale, 'trial' | 'folder'> {
  const [name] = readdirSync(path.join(out, 'trials'));
  const folder = path.join(out, 'trials', name!);
  const trial = trialFormat.read(readFileSync(path.join(folder, 'trial.json'), 'utf8'));
  expect(trial.reason).toBeNull();
  const [measurement] = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /^[^/]+\/result\.json$/.test(file),
  );
  const merged = path.dirname(path.join(folder, measurement!));
  const result = loadResultFormat.read(readFileSync(path.join(merged, 'result.json'), 'utf8'));
  expect(result.connections).toBe(clients);
  const [get] = result.operations;
  expect(get?.requests).toBeGreaterThan(0.9 * RATE_OPS * DURATION_S * clients);
  const { totalCount } = decodeFromCompressedBase64(readFileSync(path.join(merged, 'get.hdr'), 'utf8'));
  expect(totalCount).toBe(get?.requests);
  return { trial, folder };
}

describe.runIf(mayMakeLab())('generators (takes root, and an sshd that set-up unpacks)', () => {
  test('1, 8 and 64 begin together, and the controller takes hardly more memory', async () => {
    const scales: Scale[] = [];
    for (const clients of COUNTS) {
      const scale = await run(clients);
      scales.push(scale);
      const began = scale.trial.measurements[0]?.generators;
      const spread = began ? `${began.spread_us?.toFixed(0)} us ± ${began.bound_us?.toFixed(0)}` : 'none';
      console.log(
        `${clients} generators: spread ${spread}, ${(scale.memoryBytes / MEGABYTE).toFixed(0)} MiB, ` +
          `${scale.elapsedS.toFixed(1)} s`,
      );
    }
    const [one, eight, many] = scales as [Scale, Scale, Scale];
    for (const { trial, clients } of [eight, many]) {
      const began = trial.measurements[0]?.generators;
      expect(began?.hosts).toHaveLength(clients);
      expect(began?.missing_hosts).toEqual([]);
    }
    expect(many.memoryBytes).toBeLessThan(1.5 * one.memoryBytes);
  });
});
