/**
 * The load generator on one core against a null server over a backend: how many requests a second it offers with 50
 * connections (`full`), or how late it sends them at half of that: the p99 of constant arrivals (`constant`), or that
 * of Poisson arrivals over an M/D/1 queue's with the same time of sending (`poisson`).
 */
import { describeSchedules, measureSchedules } from '../../loadgen/index.ts';
import { CLIENT_CORE, SERVER_CORE } from './pair.ts';
import { printNumber, words } from './print.ts';

const USAGE = 'full|constant|poisson BACKEND';
const DURATION_S = 1;

const [what, backend] = words(USAGE);
if (what !== 'full' && what !== 'constant' && what !== 'poisson') throw new Error(`usage: ${USAGE}`);
const report = await measureSchedules(
  {
    backend,
    backendOptions: {},
    core: CLIENT_CORE,
    serverCore: SERVER_CORE,
    kinds: what === 'full' ? [] : [what],
    durationS: DURATION_S,
  },
  new Float64Array(new SharedArrayBuffer(24)),
);
if (report === null) throw new Error('a signal ended it');
console.error(describeSchedules(backend, report));
const [schedule] = report.schedules;
if (what === 'full') printNumber(report.openOps, 'requests/s');
else if (what === 'constant') printNumber(schedule.p99Ns / 1000, 'us');
else printNumber(schedule.p99Ns / schedule.expected!.p99Ns, "of an M/D/1 queue's");
