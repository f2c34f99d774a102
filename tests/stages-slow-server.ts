/**
 * A server with a fault to be found: the ported one, as it is, with some microseconds of work more for each
 * request.
 */

import { Engine } from '../kvserver/engine.ts';
import { run as serve } from '../kvserver/frontends/libos-loop.ts';
import type { ServerExit } from '../kvserver/frontends/serve.ts';
import type { ServeOptions } from '../kvserver/options.ts';
import type { DataPathContext, Endpoint } from '../libos/index.ts';
import { nowNs } from '../libos/index.ts';

export type SlowServeOptions = ServeOptions & { extraUs: number };

export function run(context: DataPathContext<SlowServeOptions, Endpoint>): Promise<ServerExit> {
  const { extraUs } = context.data;
  const { receive } = Engine.prototype;
  Engine.prototype.receive = function slowly(client, block, offset, length) {
    const untilNs = nowNs() + extraUs * 1000;
    while (nowNs() < untilNs);
    receive.call(this, client, block, offset, length);
  };
  return serve(context);
}
