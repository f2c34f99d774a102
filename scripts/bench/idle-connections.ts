/**
 * What idle connections cost: the p50 of GETs on ten busy connections beside COUNT idle ones (`p50`), or by how much
 * the server's resident memory grows with the idle ones (`memory`).
 */
import { startSystem } from '../../experiments/index.ts';
import { MIB, printNumber, words } from './print.ts';

const SAMPLE_EVERY_MS = 100;

const [name = '', count = '', what = ''] = words('SYSTEM COUNT p50|memory');
const system = await startSystem(name, { args: ['--max-clients', '20000'] });
const busy = [
  '--populate',
  '--keys',
  '100000',
  '--connections',
  '10',
  '--warmup-s',
  '1',
  '--duration-s',
  '3',
];
await system.load(...busy);
const before = await system.residentBytes();
let most = before;
const sampling = setInterval(async () => {
  most = Math.max(most, await system.residentBytes());
}, SAMPLE_EVERY_MS);
const { operations } = await system.load(...busy, '--idle-connections', count);
clearInterval(sampling);
if (what === 'memory') printNumber((most - before) / MIB, 'MiB');
else printNumber((operations[0]?.latency_ns?.p50 ?? 0) / 1000, 'us');
await system.stop();
