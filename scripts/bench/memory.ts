/** Resident memory of a system with 1,000,000 keys of 64-byte values. */
import { startSystem } from '../../experiments/index.ts';
import { MIB, printNumber, words } from './print.ts';

const [name = ''] = words('SYSTEM');
const system = await startSystem(name);
await system.load('--populate', '--keys', '1000000', '--value-bytes', '64', '--requests', '1000');
printNumber((await system.residentBytes()) / MIB, 'MiB');
await system.stop();
