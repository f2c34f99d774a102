/** `bypassbench wire`: two network namespaces joined by a veth pair, for servers and clients started by hand. */
import { Command } from 'commander';
import {
  CLIENT_ADDRESS,
  makeNamedWire,
  removeNamedWire,
  SERVER_ADDRESS,
  WIRE_INTERFACE,
} from '../wire/wire.ts';

const SERVER = 'bypassbench-server';
const CLIENT = 'bypassbench-client';

const HELP = `
Two network namespaces, ${SERVER} and ${CLIENT}, each with one end of a pair of devices, ${WIRE_INTERFACE}. The
kernel has ${SERVER_ADDRESS} at the server's end and ${CLIENT_ADDRESS} at the client's; a libOS with a TCP/IP of its own takes another
address of 10.77.0.0/24. Takes root, and the Debian package iproute2.

An experiment with 'wire: veth', such as redis-wire, makes a wire of its own and needs none of this.

Examples:
  bypassbench wire up
  ip netns exec ${SERVER} bypassbench serve --bind ${SERVER_ADDRESS}
  ip netns exec ${CLIENT} bypassbench load --target ${SERVER_ADDRESS}:6379 --populate
  ip netns exec ${SERVER} bypassbench serve --frontend libos --backend dpdk \\
    -o device=af_packet -o interface=${WIRE_INTERFACE} -o ip=10.77.0.11/24
  ip netns exec ${CLIENT} bypassbench load --target 10.77.0.11:6379 --populate --backend dpdk \\
    -o device=af_packet -o interface=${WIRE_INTERFACE} -o ip=10.77.0.12/24
  bypassbench wire down`;

export function command(): Command {
  const wire = new Command('wire')
    .description('A wire on this machine: two network namespaces joined by a pair of devices.')
    .addHelpText('after', HELP);
  wire.command('up').description('Make it; it stays until it is taken down.').action(up);
  wire.command('down').description('Take it down. What still runs at its ends keeps them.').action(down);
  return wire;
}

function up(): void {
  makeNamedWire(SERVER, CLIENT);
  console.log(`${SERVER} has ${SERVER_ADDRESS}, ${CLIENT} has ${CLIENT_ADDRESS}, each on ${WIRE_INTERFACE}`);
}

function down(): void {
  const removed = removeNamedWire(SERVER, CLIENT);
  console.log(removed.length > 0 ? `removed ${removed.join(' and ')}` : 'there is no wire');
}
