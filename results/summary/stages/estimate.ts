/**
 * What the block that is not split would hold of an unmodified server's own work, by difference: the same server on the
 * libOS over the kernel is stamped, and what its application takes there is taken for what it takes here. The rest of
 * the block is the kernel and its interface: sockets, waking up, waiting for events.
 */
import type { Point } from '../../formats/index.ts';
import { sameTarget } from '../../run/run-folder.ts';
import { stateOf } from '../doubt.ts';

export interface UnsplitEstimate {
  point: Point;
  /** The server whose stamps it rests on. */
  ported: Point;
  /** Of the block: the server's own work beyond its command, where that is apart, and all of the block. */
  own_us: number;
  block_us: number;
}

/**
 * For each unmodified server with a block near the p50 and a stamped port in its group. Points whose stages are invalid
 * make none, nor does a port whose application takes more than all there is.
 */
export function unsplitEstimates(points: Point[]): UnsplitEstimate[] {
  const usable = points.filter(
    (point) => stateOf(point, ['p50', 'stages']) !== 'invalid' && point.own_workload.length === 0,
  );
  return usable.flatMap((point) => {
    const { server_and_kernel: block_us, server_command = 0 } = point.breakdown?.p50?.stages_us ?? {};
    if (point.role !== 'unmodified' || !block_us) return [];
    return usable.flatMap((ported) => {
      const isPort = ported.role === 'libos_over_kernel' && ported.group === point.group;
      const application_us = ported.breakdown?.p50?.stages_us.server_application;
      if (!isPort || !sameTarget(point, ported) || application_us === undefined) return [];
      const own_us = application_us - server_command;
      return own_us > 0 && own_us < block_us ? [{ point, ported, own_us, block_us }] : [];
    });
  });
}
