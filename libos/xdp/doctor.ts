/**
 * What of XDP sockets works on this machine: found by trying, over a pair of devices that is gone afterwards.
 * Interfaces that exist are looked at and left alone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LibosError } from '../errors.ts';
import type { DoctorFinding } from '../finding.ts';
import { interfaceNames, readInterface } from '../frames/interface.ts';
import { receivesProbeFrame, sendProbeFrame } from '../frames/probe-frame.ts';
import { missingRights } from '../frames/rights.ts';
import { XdpDevice } from './device.ts';
import { LARGEST_MTU, LINK_FINDING, parseXdpOptions, SOCKETS_FINDING } from './options.ts';

const PATIENCE_MS = 3000;
const REMEDY = 'what it says; --backend dpdk and --backend kernel do without';

export function* examineXdp(): Generator<DoctorFinding> {
  const link = examineLink();
  yield examineSockets(link);
  yield link;
  if (link.works) yield* interfaceNames().map(examineInterface);
}

/** A link stands on them. Where none can be made, they may work all the same. */
function examineSockets(link: DoctorFinding): DoctorFinding {
  const what = SOCKETS_FINDING;
  if (link.works) {
    return { what, works: true, found: `Linux ${release()}: XDP sockets and programs`, remedy: null };
  }
  const missing = missingRights('af_xdp');
  if (missing.length > 0) return { ...link, what };
  const found = 'untried, since no pair of devices can be made: it has the rights that it takes';
  return { what, works: null, found, remedy: null };
}

function examineLink(): DoctorFinding {
  const what = LINK_FINDING;
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-doctor-'));
  const opened: XdpDevice[] = [];
  const open = (role: string, ip: string): XdpDevice => {
    const device = new XdpDevice(parseXdpOptions({ link: join(folder, 'link'), role, ip }));
    opened.push(device);
    return device;
  };
  try {
    const server = open('server', '192.0.2.1/24');
    const client = open('client', '192.0.2.2/24');
    if (!frameArrives(client, server)) {
      const found = 'the devices open, but no frame arrives at the other end';
      return { what, works: false, found, remedy: 'tell what Linux this is' };
    }
    const found = `a frame went over a pair of devices: ${server.about()}`;
    return { what, works: true, found, remedy: null };
  } catch (error) {
    return { what, works: false, found: (error as LibosError).message, remedy: REMEDY };
  } finally {
    for (const device of opened.reverse()) device.close();
    rmSync(folder, { recursive: true });
  }
}

function frameArrives(from: XdpDevice, to: XdpDevice): boolean {
  sendProbeFrame(from);
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline; ) {
    from.exchange();
    if (receivesProbeFrame(to)) return true;
  }
  return false;
}

/** What -o interface=NAME would meet there. */
function examineInterface(name: string): DoctorFinding {
  const what = `${SOCKETS_FINDING} ${name}`;
  const facts = readInterface(name);
  if (facts === null) return { what, works: false, found: 'it has just gone', remedy: null };
  const { up, mtu, receiveQueues, driver } = facts;
  const queues = receiveQueues === 1 ? '1 queue' : `${receiveQueues} queues`;
  const found = [driver || 'no driver said', up ? 'up' : 'down', queues, `packets of ${mtu} bytes`].join(
    ', ',
  );
  const remedies = [
    ...(up ? [] : [`ip link set ${name} up`]),
    ...(receiveQueues > 1 ? [`ethtool -L ${name} combined 1, or give queue=0`] : []),
    ...(mtu > LARGEST_MTU ? [`give mtu=1500: the most is ${LARGEST_MTU}`] : []),
  ];
  // Whoever uses it takes all that comes, so that is not tried.
  return { what, works: remedies.length > 0 ? false : null, found, remedy: remedies.join('; ') || null };
}
