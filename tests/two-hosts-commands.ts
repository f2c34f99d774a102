/** The commands of docs/two-hosts.md, and what stands in them for a reader's own names. */
import { availableCores } from '../experiments/machine/machine.ts';
import { INTERFACE, type LabRig } from './lab-rig.ts';
import { read, root } from './source-tree.ts';

const block = /^```sh\n([\s\S]*?)^```$/gm;

export function commandsOfTwoHosts(): string[] {
  return [...read('docs/two-hosts.md').matchAll(block)].map(([, command = '']) => command.trim());
}

const SYSTEMS = 'redis,redis-nic-af-packet,kv-nic-rdma';

/**
 * `folder`: of the checkout on the hosts, with HOST for the name of one; `env`: more of what is set there. ssh knows
 * node0 and node1 by the rig's configuration.
 */
export function substituted(command: string, rig: LabRig, folder: string, env = {}): string {
  const cores = availableCores();
  const [first = 0, last = first] = [cores[0], cores.at(-1)];
  const of = (name: 'server0' | 'client0'): string =>
    `folder: '${folder.replace('HOST', name)}'\n    env: ${JSON.stringify(rig.hosts[name].access({ env }).env)}`;
  let hosts = 0;
  return (
    command
      .replace('REPOSITORY', root)
      // Installed they are, and a host of the rig reaches no archive.
      .replace('sudo apt-get install -y git gcc nodejs npm', "'command -v git gcc node npm'")
      .replaceAll('folder: ~/bypassbench', () => of(hosts++ === 0 ? 'server0' : 'client0'))
      .replaceAll('10.10.1.', '10.78.0.')
      .replaceAll('ens1f0np0', INTERFACE)
      .replaceAll('device: 25 Gb/s Ethernet', 'device: veth\n        provenance: software_device')
      .replace('server_cores: [2]', `server_cores: [${first}]`)
      .replace('client_cores: [3]', `client_cores: [${last}]`)
      .replace(/--only .*$/, `--only ${SYSTEMS} --trials 1 --duration 0.2 --set workload.keys=500`)
  );
}
