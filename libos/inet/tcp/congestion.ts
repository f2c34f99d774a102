/** Which congestion control a connection uses. */
import type { CongestionControlName } from './congestion-control.ts';
import { Cubic } from './cubic.ts';
import { NewReno } from './newreno.ts';
import type { SlowStart } from './slow-start.ts';

export function createCongestionControl(name: CongestionControlName, mss: number): SlowStart {
  return name === 'cubic' ? new Cubic(mss) : new NewReno(mss);
}
