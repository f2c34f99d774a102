/** The backends of the libOS that a run goes over, as its manifest describes them. */
import { backendFiles, backendVersions, findBackend } from '../../libos/index.ts';
import type { RunBackend } from '../../results/formats/index.ts';

/** Of `names` those that are backends of the libOS, each once. */
export async function describeBackends(names: readonly string[]): Promise<RunBackend[]> {
  const found = [...new Set(names)].flatMap((name) => findBackend(name) ?? []);
  const versions = await backendVersions(found.map(({ name }) => name));
  return found.map(({ name, title, apiVersion, capabilities }) => ({
    name,
    title,
    api_version: apiVersion,
    moments: capabilities.moments,
    module: moduleOf(name),
    versions: versions[name],
  }));
}

function moduleOf(name: string): RunBackend['module'] {
  const made = backendFiles(name);
  return made && { package: made.package, version: made.version, sha256: made.sha256, files: made.count };
}

/** Whether latencies of a system can have stages: each of its backends that is one of the libOS says when. */
export function hasMoments({ backend, client }: { backend: string; client: { backend: string } }): boolean {
  return [backend, client.backend].every((name) => findBackend(name)?.capabilities.moments ?? true);
}

/** Whether it has a TCP/IP of its own, and so an address beside the kernel's. */
export function hasOwnNetwork(name: string): boolean {
  // Then it has no interface of the kernel's either, and binds to whatever it has.
  return findBackend(name)?.defaultBind === '0.0.0.0';
}
