/** What a PcapDevice records is what Wireshark reads. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PcapDevice } from '../libos/inet/devices/pcap-device.ts';
import { openPcapFile } from '../libos/inet/devices/pcap-file.ts';
import { SimulatedLink } from '../libos/sim/link.ts';
import { numbered, queue, receive } from '../libos/sim/test-frames.ts';

/** An ARP request: who has 10.0.0.2, tell 10.0.0.1. */
const request = Buffer.from(
  'ffffffffffff02000000000a0806' + '0001080006040001' + '02000000000a0a000001' + '0000000000000a000002',
  'hex',
);

interface Packet {
  _source: { layers: Record<string, string[]> };
}

test('tshark reads back every frame, its time to the nanosecond, and what it is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bypassbench-pcap-'));
  try {
    const path = join(folder, 'link.pcap');
    const link = new SimulatedLink({ mtu: 9000, both: { delayUs: 0.25 } });
    const file = openPcapFile(path);
    const device = new PcapDevice(link.a, file.sink, 1_790_000_000_000_000);
    const sent = [request, ...[60, 1514, 9014].map((length) => numbered(length, length))];
    for (const frame of sent) {
      link.advanceTo(link.nowUs + 1.5);
      queue(device, frame, 14);
      device.exchange();
    }
    queue(link.b, numbered(1));
    link.b.exchange();
    link.advanceTo(10.125);
    receive(device);
    device.close();
    file.close();

    const read = (...options: string[]) =>
      execFileSync('tshark', ['-n', '-r', path, ...options], { encoding: 'utf8', stdio: 'pipe' });
    const packets: Packet[] = JSON.parse(read('-T', 'json', '-x', '-J', 'frame'));
    const contents = packets.map(({ _source }) => _source.layers.frame_raw[0]);
    expect(contents).toEqual([...sent, numbered(1)].map((frame) => Buffer.from(frame).toString('hex')));
    expect(read('-T', 'fields', '-e', 'frame.time_epoch').trim().split('\n')).toEqual([
      '1790000000.000001500',
      '1790000000.000003000',
      '1790000000.000004500',
      '1790000000.000006000',
      '1790000000.000010125',
    ]);
    expect(read('-Y', 'frame.number == 1')).toContain('Who has 10.0.0.2? Tell 10.0.0.1');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
