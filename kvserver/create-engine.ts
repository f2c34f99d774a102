/** The engine that the options name: the one place that knows all of them. */
import { Engine } from './engine.ts';
import type { FrontEnd, ServerEngine } from './frontend.ts';
import type { EngineName, ServeOptions } from './options.ts';
import { RedisEngine } from './redis/engine.ts';

const factories: Record<EngineName, (options: ServeOptions, frontEnd: FrontEnd) => ServerEngine> = {
  typescript: (options, frontEnd) => new Engine(options, frontEnd),
  redis: (options, frontEnd) => new RedisEngine(['redis-server', ...options.redisArguments], frontEnd),
};

export function createEngine(options: ServeOptions, frontEnd: FrontEnd): ServerEngine {
  return factories[options.engine](options, frontEnd);
}
