import { DpdkDevice } from '/work/main/libos/dpdk/device.ts';
import { parseDpdkOptions } from '/work/main/libos/dpdk/options.ts';
const o = Object.fromEntries(process.argv.slice(2).map((x) => [x.slice(0, x.indexOf('=')), x.slice(x.indexOf('=') + 1)]));
try {
  const d = new DpdkDevice(parseDpdkOptions(o));
  const t = performance.now();
  const seen: string[] = [];
  while (performance.now() - t < 1500) { const n = d.exchange(); for (let i = 0; i < n; i++) { const f = d.received[i]; seen.push(Buffer.from(f.bytes.subarray(f.offset, f.offset + Math.min(f.length, 42))).toString('hex')); d.give(f); } }
  console.log('mac', Buffer.from(d.mac).toString('hex'), 'mtu', d.mtu, 'up', d.linkUp, 'seen', seen.length, seen[0]);
  console.log(JSON.stringify(d.counters()));
  d.close();
} catch (e) { console.log('ERR', (e as Error).message); }
