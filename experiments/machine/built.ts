/**
 * What set-up builds that a server can be started from: in a checkout's kvserver/redis/build redis-server, from the
 * source of the one that is installed, and the port of the same to the libOS (scripts/build-redis.mjs); in
 * libos/examples/posix/build the example servers that are written for Linux (scripts/build-native.mjs).
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type RedisBuild, redisBuild } from '../../results/formats/index.ts';

/** What a system can require that set-up builds, and the file that there is then. */
const PRODUCTS = { 'redis-port': 'redis-port.so', 'posix-servers': 'posix-echo-epoll' };

export const products = Object.keys(PRODUCTS) as (keyof typeof PRODUCTS)[];
export type Product = (typeof products)[number];

/** A first word `built:NAME` means the program NAME that set-up built; without a build, that on the PATH. */
const BUILT = 'built:';

const isPosix = (file: string): boolean => file.startsWith('posix-');
const inBuild = (checkout: string, file: string): string =>
  path.join(checkout, isPosix(file) ? 'libos/examples/posix/build' : 'kvserver/redis/build', file);

/** The program that the first word of a command line means in the checkout of this folder, where it is `built:NAME`. */
export function builtProgram(word: string, checkout: string): string {
  if (!word.startsWith(BUILT)) return word;
  const name = word.slice(BUILT.length);
  const built = inBuild(checkout, name);
  return existsSync(built) ? built : name;
}

/** Why the product is not in the checkout of this folder, with the remedy, or null when it is. */
export function whyNotBuilt(product: Product, checkout: string): string | null {
  if (existsSync(inBuild(checkout, PRODUCTS[product]))) return null;
  const why = inBuild(checkout, 'missing.txt');
  if (product === 'redis-port' && existsSync(why)) return readFileSync(why, 'utf8').trim();
  return 'set-up has not built it: run node scripts/setup.mjs, which says what it lacks';
}

/** What the system is built from and how, where it is made of a build of the checkout of this folder; else null. */
export function redisBuildOf(
  system: {
    start: readonly string[];
    requires: readonly ({ built: Product } | { binary: string } | { cores: number } | { wire: string })[];
  },
  checkout: string,
): RedisBuild | null {
  const [program = ''] = system.start;
  const isPort = system.requires.some((needed) => 'built' in needed && needed.built === 'redis-port');
  const isOurs = isPosix(program.slice(BUILT.length));
  const isProgram = program.startsWith(BUILT) && !isOurs && path.isAbsolute(builtProgram(program, checkout));
  const made = inBuild(checkout, 'redis.json');
  if (!(isPort || isProgram) || !existsSync(made)) return null;
  return redisBuild.parse(JSON.parse(readFileSync(made, 'utf8')));
}
