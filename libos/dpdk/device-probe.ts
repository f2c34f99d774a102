/**
 * Opens devices, for the doctor, and sends one frame: between two devices at the ends of a wire, or from a tap
 * device to the kernel behind it. What lies at the other end of a NIC nobody knows: it is opened, and no more.
 *
 *     node device-probe.ts af_packet:NAME af_xdp:OTHER      from the first to the second
 *     node device-probe.ts tap:NAME                         to the kernel
 *     node device-probe.ts pci:ADDRESS
 *
 * Exit code 0 when the frame has arrived, with what was found on standard output; otherwise 1, and why on standard
 * error.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { receivesProbeFrame, sendProbeFrame } from '../frames/probe-frame.ts';
import { DpdkDevice } from './device.ts';
import { parseDpdkOptions } from './options.ts';

const PATIENCE_MS = 3000;

function open(kindAndName: string, host: number): DpdkDevice {
  const [, device, name] = /^(\w+):(.+)$/.exec(kindAndName)!;
  // With what holds where nothing is said: that is what the finding is about.
  const key = device === 'pci' ? 'pci' : 'interface';
  return new DpdkDevice(parseDpdkOptions({ device, [key]: name, ip: `192.0.2.${host}/24` }), true);
}

/** Says what a NIC is like that can be opened. */
function lookAtNic(name: string): void {
  const nic = open(name, 1);
  const mac = Buffer.from(nic.mac).toString('hex').replace(/..\B/g, '$&:');
  console.log(
    `DPDK opens it: ${mac}, packets of up to ${nic.mtu} bytes, its link is ${nic.linkUp ? 'up' : 'down'}; ${nic.wakeWay}`,
  );
  nic.close();
}

/** Frames that the kernel has received from the tap device. */
function receivedByKernel(name: string): number {
  return Number(readFileSync(`/sys/class/net/${name}/statistics/rx_packets`, 'utf8'));
}

function probe(from: string, to: string | undefined): boolean {
  const sender = open(from, 1);
  const receiver = to === undefined ? null : open(to, 2);
  const name = from.split(':')[1];
  if (receiver === null) spawnSync('ip', ['link', 'set', name, 'up']);
  let arrived = false;
  for (const deadline = performance.now() + PATIENCE_MS; !arrived && performance.now() < deadline; ) {
    if (sender.counters().tx_frames === 0) sendProbeFrame(sender);
    receivesProbeFrame(sender);
    arrived = receiver === null ? receivedByKernel(name) > 0 : receivesProbeFrame(receiver);
  }
  if (arrived) console.log(`a frame was sent and arrived; ${(receiver ?? sender).wakeWay}`);
  receiver?.close();
  sender.close();
  return arrived;
}

try {
  if (process.argv[2].startsWith('pci:')) lookAtNic(process.argv[2]);
  else if (!probe(process.argv[2], process.argv[3])) {
    console.error('the device opens, but no frame arrives at its other end');
    process.exitCode = 1;
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
