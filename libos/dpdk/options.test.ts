import { describe, expect, it } from 'vitest';
import { OptionReader } from '../backend-options.ts';
import type { LibosError } from '../errors.ts';
import { readStackOptions } from '../frames/stack-options.ts';
import { reasonFromLog } from './eal.ts';
import { dpdkOptions, parseDpdkOptions } from './options.ts';
import { derivedMac } from './port.ts';

const memif = { role: 'server', socket: '/run/x.sock', ip: '10.99.0.1/24' };

/** The message of the refusal, which must be INVALID_ARGUMENT. */
function refusal(options: Record<string, string>): string {
  try {
    parseDpdkOptions(options);
  } catch (error) {
    expect((error as LibosError).code).toBe('INVALID_ARGUMENT');
    return (error as LibosError).message;
  }
  throw new Error(`${JSON.stringify(options)} was taken`);
}

describe('options of dpdk', () => {
  it('have defaults for all but the least', () => {
    expect(parseDpdkOptions(memif)).toEqual({
      device: { kind: 'memif', role: 'server', socket: '/run/x.sock' },
      network: { address: 0x0a630001, prefixLength: 24, gateway: null, mac: null, mtu: null },
      packetBuffers: 8192,
      checksum: 'verify',
      eal: { pciAddress: null, hugepages: false, memoryMb: 64, extraArguments: [] },
      tcp: readStackOptions(new OptionReader('dpdk', memif), 'verify').tcp,
      pcap: null,
      impair: null,
    });
  });

  it('are read one by one', () => {
    const options = parseDpdkOptions({
      ...memif,
      gateway: '10.99.0.254',
      mac: '02:00:00:00:00:0A',
      mtu: '1500',
      packet_buffers: '2048',
      checksum: 'partial',
      memory_mb: '128',
      hugepages: 'yes',
      eal: ' --huge-dir /mnt/huge  -v ',
      nagle: 'on',
      pcap: '/tmp/x.pcap',
    });
    expect(options.network).toMatchObject({ gateway: 0x0a6300fe, mtu: 1500 });
    expect([...options.network.mac!]).toEqual([2, 0, 0, 0, 0, 10]);
    expect(options.eal).toEqual({
      pciAddress: null,
      hugepages: true,
      memoryMb: 128,
      extraArguments: ['--huge-dir', '/mnt/huge', '-v'],
    });
    expect(options).toMatchObject({
      packetBuffers: 2048,
      checksum: 'partial',
      tcp: { nagle: true },
      pcap: '/tmp/x.pcap',
    });
  });

  it('name other devices', () => {
    for (const kind of ['tap', 'af_packet', 'af_xdp'] as const) {
      const { device, checksum } = parseDpdkOptions({ device: kind, interface: 'eth0', ip: '10.0.0.2/8' });
      expect(device).toEqual({ kind, interface: 'eth0' });
      // The peer may be a kernel at the other end of a veth pair.
      expect(checksum).toBe(kind === 'tap' ? 'verify' : 'partial');
    }
    const nic = parseDpdkOptions({ device: 'pci', pci: '0000:3b:00.0', ip: '10.0.0.2/8' });
    expect(nic.device).toEqual({ kind: 'pci', address: '0000:3b:00.0' });
    // The packet pool of a NIC lies in EAL's memory.
    expect(nic.eal).toMatchObject({ pciAddress: '0000:3b:00.0', hugepages: true });
    expect(nic.eal.memoryMb).toBeGreaterThanOrEqual(64 + (8192 * 2048) / 2 ** 20);
  });

  it.each([
    [{ device: 'memif', ip: '10.0.0.1/24' }, 'role', 'role=server or role=client'],
    [{ role: 'server', ip: '10.0.0.1/24' }, 'socket', 'socket=/run/bypassbench.sock'],
    [{ role: 'server', socket: '/run/x.sock' }, 'ip', 'ip=10.99.0.1/24'],
    [{ ...memif, role: 'master' }, 'role=master', 'server, client'],
    [{ ...memif, device: 'rdma' }, 'device=rdma', 'memif, tap, af_packet, af_xdp, pci'],
    [{ ...memif, socket: `/${'x'.repeat(107)}` }, 'socket', '107'],
    [{ ...memif, socket: '/tmp/a,b' }, 'socket', ','],
    [{ ...memif, mac: '01:00:00:00:00:01' }, 'mac', 'one station'],
    [{ ...memif, mac: '02:00:00' }, 'mac', '02:00:0a:63:00:01'],
    [{ ...memif, mtu: '100' }, 'mtu=100', '576 to 9200'],
    [{ device: 'tap', interface: 'tap0', ip: '10.0.0.1/24', mtu: '9000' }, 'mtu=9000', '576 to 1500'],
    [{ device: 'af_xdp', interface: 'eth0', ip: '10.0.0.1/24', mtu: '9000' }, 'mtu=9000', '576 to 3500'],
    [{ ...memif, packet_buffers: '12' }, 'packet_buffers', '1024'],
    [{ ...memif, colour: 'red' }, "'colour'", 'packet_buffers'],
    [{ ...memif, toString: 'x' }, "'toString'", 'there is'],
    [{ ...memif, interface: 'eth0' }, 'interface', 'device=tap or af_packet or af_xdp'],
    [{ device: 'tap', ip: '10.0.0.1/24' }, 'interface', 'interface=bypass0'],
    [{ device: 'tap', interface: 'a name with spaces', ip: '10.0.0.1/24' }, 'interface', '15'],
    [{ device: 'pci', ip: '10.0.0.1/24' }, 'pci', 'pci=0000:3b:00.0'],
    [{ device: 'pci', pci: '3b:00.0', ip: '10.0.0.1/24' }, 'pci', '0000:3b:00.0'],
  ])('refuse %o', (options, named, allowed) => {
    const message = refusal(options as Record<string, string>);
    expect(message).toContain(named);
    expect(message).toContain(allowed);
  });
});

describe('the derived Ethernet address', () => {
  it('is locally administered and ends as the IPv4 address', () => {
    expect([...derivedMac(0xc0a80102)]).toEqual([0x02, 0, 192, 168, 1, 2]);
  });
});

describe('the reason in a log', () => {
  it('is what stands before the help, without prefixes, once', () => {
    const log =
      "EAL: Detected CPU lcores: 2\nbypassbench: unrecognized option '--x'\nbypassbench: unrecognized option '--x'\n\nUsage: bypassbench [options]\n  -c COREMASK\n";
    expect(reasonFromLog(log)).toBe("Detected CPU lcores: 2; unrecognized option '--x'");
  });
  it('is said to be missing when it is', () => {
    expect(reasonFromLog('\n')).toBe('DPDK gives no reason');
  });
});

describe('what is said of options', () => {
  const simple = Object.entries(dpdkOptions).flatMap(([key, { default: preset }]) =>
    preset !== null && /^\S+$/.test(preset) ? [[key, preset]] : [],
  );

  it('names defaults that hold', () => {
    expect(simple.length).toBeGreaterThan(2);
    for (const [key, preset] of simple)
      expect(parseDpdkOptions({ ...memif, [key]: preset }), key).toEqual(parseDpdkOptions(memif));
  });

  it('is of each option that is taken, and of no other', () => {
    const refusalOf = (key: string): string => {
      try {
        parseDpdkOptions({ ...memif, [key]: 'x' });
        return '';
      } catch (error) {
        return (error as Error).message;
      }
    };
    for (const key of Object.keys(dpdkOptions)) expect(refusalOf(key)).not.toContain('there is no option');
    expect(refusalOf('smoke')).toContain(`there is ${Object.keys(dpdkOptions).join(', ')}`);
  });
});
