/** Our TCP against an odd peer over an odd network, in virtual time. */
import type { Target } from '../target.ts';
import { type TcpCase, tcpCases } from './case.ts';
import { playTcp } from './play.ts';

export const tcp: Target<TcpCase> = {
  holds: 'TCP against an odd peer: both streams arrive whole, and no rule of watch.ts is broken on the way',
  cases: tcpCases,
  play: playTcp,
};
