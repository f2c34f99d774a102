/** The targets of the fuzzer, by name; a module is loaded when it is asked for. */
import type { Target } from './target.ts';

const loaders = {
  tcp: async () => (await import('./tcp/target.ts')).tcp as Target,
  resp: async () => (await import('./resp.ts')).resp as Target,
  rdma: async () => (await import('./rdma.ts')).rdma as Target,
  configs: async () => (await import('./configs.ts')).configs as Target,
  labs: async () => (await import('./labs.ts')).labs as Target,
  'run-folders': async () => (await import('./run-folders.ts')).runFolders as Target,
} satisfies Record<string, () => Promise<Target>>;

export type TargetName = keyof typeof loaders;
export const targetNames = Object.keys(loaders) as TargetName[];

export async function loadTarget(name: TargetName): Promise<Target> {
  return loaders[name]();
}

export function isTargetName(name: string): name is TargetName {
  return Object.hasOwn(loaders, name);
}
