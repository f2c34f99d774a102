/** What a script asks of the connection, its listener and the counters beside what is sent. */

import { ip } from '../test-device.ts';
import type { TcpConnection } from './connection.ts';
import { Recovery } from './recovery.ts';
import { TcpState } from './states.ts';
import { OUR_PORT, PEER_ADDRESS, PEER_PORT, type TestPeer } from './test-peer.ts';
import { printValue, type Statement, type ValueName } from './test-script.ts';

type Check = Extract<Statement, { kind: 'state' | 'error' | 'value' | 'counter' }>;

/** What is not as the script has it, in words; null: nothing. */
export function checkFault(peer: TestPeer, check: Check): string | null {
  switch (check.kind) {
    case 'state': {
      const state = stateOf(connectionOf(peer));
      return state === check.state ? null : `the state is ${state}, not ${check.state}`;
    }
    case 'error': {
      const error = known(connectionOf(peer)).error;
      return error === check.error ? null : `the error is ${error ?? 'none'}, not ${check.error ?? 'none'}`;
    }
    case 'counter': {
      const value = counterOf(peer, check.name);
      return value === check.value ? null : `${check.name} is ${value}, not ${check.value}`;
    }
    case 'value': {
      const value = askedValue(peer, check.name);
      if (value === check.value) return null;
      return `${check.name} is ${printValue(check.name, value)}, not ${printValue(check.name, check.value)}`;
    }
  }
}

/** Whose names are the usual ones, else that of which the script has spoken last. */
function connectionOf(peer: TestPeer): TcpConnection | undefined {
  return peer.tcp.connections.find(OUR_PORT, ip(PEER_ADDRESS), PEER_PORT) ?? peer.connection;
}

function known(connection: TcpConnection | undefined): TcpConnection {
  if (connection === undefined) throw new Error('there is no connection');
  return connection;
}

/** As RFC 9293 writes it. */
function stateOf(connection: TcpConnection | undefined): string {
  const state = connection?.state ?? TcpState.Closed;
  const [name] = Object.entries(TcpState).find(([, value]) => value === state)!;
  return name.replace(/(?<=[a-z])(?=[A-Z\d])/g, '-').toUpperCase();
}

function counterOf(peer: TestPeer, name: string): number {
  const key = name.replace(/-[a-z]/g, (letters) => letters[1].toUpperCase());
  const { counters } = peer.tcp;
  if (!(key in counters)) {
    const names = Object.keys(counters).map((one) =>
      one.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    );
    throw new Error(`"${name}" is none of the counters ${names.join(', ')}`);
  }
  return counters[key as keyof typeof counters];
}

/** null: nothing was measured. */
function askedValue(peer: TestPeer, name: ValueName): number | string | null {
  const { listener } = peer;
  if (name === 'half-open' || name === 'complete') {
    if (listener === null) throw new Error('there is no listener');
    return name === 'complete' ? listener.complete : listener.halfOpen;
  }
  const { receiver, sender } = known(connectionOf(peer));
  const { recovery, rtt } = sender;
  switch (name) {
    case 'cwnd':
      return recovery.congestion.window;
    case 'ssthresh':
      return recovery.congestion.slowStartThreshold;
    case 'mss':
      return sender.mss;
    case 'window':
      return sender.window.bytes;
    case 'acked':
      return sender.acknowledgedBytes;
    case 'unread':
      return receiver.queue.bytes;
    case 'rto':
      return Math.round(rtt.rtoUs);
    case 'srtt':
      return rtt.measured ? Math.round(rtt.smoothedUs) : null;
    case 'recovery': {
      const [word] = Object.entries(Recovery).find(([, value]) => value === recovery.state)!;
      return word.toLowerCase();
    }
  }
}
