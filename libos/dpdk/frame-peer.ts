/**
 * A process with one end of a memif link that speaks raw Ethernet frames, for those who want to see a link at
 * work without a network stack: the doctor and scripts/bench/raw-frames.ts.
 *
 *     node frame-peer.ts server SOCKET CORE                    echoes every frame until it is ended
 *     node frame-peer.ts client SOCKET CORE BYTES ROUNDS       one frame in flight; prints the round trips
 *
 * CORE is a number, or - for none. A message of a LibosError goes to standard error, with exit code 1.
 */
import { pinThread } from '../affinity.ts';
import { LibosError } from '../errors.ts';
import { ETHERNET_HEADER_BYTES } from '../inet/wire/ethernet.ts';
import { DpdkDevice } from './device.ts';
import { parseDpdkOptions } from './options.ts';

/** How long the client waits for the link, and then for each frame. */
const PATIENCE_US = 5e6;

export interface RoundTrips {
  rounds: number;
  min_us: number;
  p50_us: number;
  p99_us: number;
  /** In words. */
  wake_way: string;
}

function echo(device: DpdkDevice): never {
  for (;;) {
    const count = device.exchange();
    for (let i = 0; i < count; i++) device.transmit(device.received[i]);
  }
}

/** Exchanges until a frame comes or time is up. */
function awaitFrame(device: DpdkDevice): boolean {
  const deadlineUs = device.nowUs + PATIENCE_US;
  let count = device.exchange();
  while (count === 0 && device.nowUs < deadlineUs) count = device.exchange();
  for (let i = 1; i < count; i++) device.give(device.received[i]);
  return count > 0;
}

function measure(device: DpdkDevice, bytes: number, rounds: number): RoundTrips {
  const roundTripsUs = new Float64Array(rounds);
  device.exchange();
  const deadlineUs = device.nowUs + PATIENCE_US;
  while (!device.linkUp && device.nowUs < deadlineUs) device.exchange();
  let frame = device.allocate();
  if (!device.linkUp || frame === null) throw new LibosError('LINK_DOWN', 'dpdk');
  // To everybody, of a type for local experiments (IEEE 802): no checksum is computed for it.
  frame.bytes.fill(0xff, frame.offset, frame.offset + bytes);
  frame.bytes.set(device.mac, frame.offset + 6);
  frame.bytes.set([0x88, 0xb5], frame.offset + 12);
  frame.length = bytes;
  for (let round = 0; round < rounds; round++) {
    const sentUs = device.nowUs;
    device.transmit(frame);
    if (!awaitFrame(device)) throw new LibosError('TIMED_OUT', 'dpdk');
    roundTripsUs[round] = device.nowUs - sentUs;
    frame = device.received[0];
    if (frame.length !== bytes)
      throw new LibosError('SYSTEM_ERROR', 'dpdk', -1, 'a frame came back with another length');
  }
  device.give(frame);
  roundTripsUs.sort();
  const quantile = (share: number) => roundTripsUs[Math.min(rounds - 1, Math.floor(rounds * share))];
  return {
    rounds,
    min_us: roundTripsUs[0],
    p50_us: quantile(0.5),
    p99_us: quantile(0.99),
    wake_way: device.wakeWay,
  };
}

function main([role, socket, core, bytes, rounds]: string[]): void {
  if (core !== '-') pinThread(Number(core));
  const host = role === 'server' ? 1 : 2;
  const device = new DpdkDevice(
    parseDpdkOptions({ role, socket, ip: `192.0.2.${host}/24`, packet_buffers: '1024' }),
    true,
  );
  if (role === 'server') {
    console.log('ready');
    echo(device);
  }
  const roundTrips = measure(device, Math.max(Number(bytes), ETHERNET_HEADER_BYTES), Number(rounds));
  device.close();
  console.log(JSON.stringify(roundTrips));
}

if (process.argv[1] === import.meta.filename) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof LibosError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
