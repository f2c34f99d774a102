/** The rate of one TCP stream of iperf3 over the kernel's loopback. */
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from '../../experiments/index.ts';
import { CLIENT_CORE, SERVER_CORE } from './pair.ts';
import { printNumber } from './print.ts';

const SECONDS = '4';
/** For the server to listen. */
const STARTING_MS = 300;

const port = `${await freePort('127.0.0.1')}`;
const iperf3 = (core: number, ...args: string[]) => execa('taskset', ['-c', `${core}`, 'iperf3', ...args]);
const server = iperf3(SERVER_CORE, '--server', '--one-off', '--port', port);
await sleep(STARTING_MS);
const of = ['--client', '127.0.0.1', '--port', port, '--time', SECONDS, '--json'];
const { stdout } = await iperf3(CLIENT_CORE, ...of);
await server;
printNumber(JSON.parse(stdout).end.sum_received.bits_per_second / 1e9, 'Gbit/s');
