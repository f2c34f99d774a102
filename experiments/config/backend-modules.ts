/** The backends of systems: those of the libOS, and those from outside that a system names as its `backend_module`. */
import { backends, findBackend, loadBackendModule } from '../../libos/index.ts';
import { suggestion } from './nearest.ts';
import { OPTIONS_WORD } from './placeholders.ts';
import type { Problem } from './problems.ts';
import type { Config, ConfiguredSystem } from './schema.ts';

/** What became of modules, by how systems name them: the name of the backend, or why there is none. */
export type LoadedModules = ReadonlyMap<string, { name: string } | { why: string }>;

/** Loads the modules of `systems`, whatever else is wrong with these; paths count from `folder`. */
export async function loadModules(systems: readonly unknown[], folder: string): Promise<LoadedModules> {
  const named = systems.map((system) => (system as { backend_module?: unknown } | null)?.backend_module);
  const loaded = new Map<string, { name: string } | { why: string }>();
  for (const reference of new Set(named)) {
    if (typeof reference !== 'string' || reference === '') continue;
    const outcome = await loadBackendModule(reference, folder).then(
      ({ name }) => ({ name }),
      ({ message }: Error) => ({ why: message }),
    );
    loaded.set(reference, outcome);
  }
  return loaded;
}

export function backendProblems({ systems }: Pick<Config, 'systems'>, modules: LoadedModules): Problem[] {
  return systems.flatMap((system, index) =>
    problemsOf(system, modules).map(({ path, message }) => ({ path: ['systems', index, ...path], message })),
  );
}

function problemsOf(
  { backend, backend_module, client, start }: ConfiguredSystem,
  modules: LoadedModules,
): Problem[] {
  const unknown: Problem[] = [];
  if (findBackend(client.backend) === null) {
    const message = `'${client.backend}' is not allowed${suggestion(client.backend, backends)}`;
    unknown.push({ path: ['client', 'backend'], message });
  }
  if (backend_module === undefined) return unknown;
  const path = ['backend_module'];
  const module = modules.get(backend_module);
  if (module === undefined) return unknown;
  if ('why' in module) return [{ path, message: module.why }];
  if (module.name !== backend) {
    const message = `is '${backend}', and the backend of its module is '${module.name}': say that`;
    return [...unknown, { path: ['backend'], message }];
  }
  if (start.includes(OPTIONS_WORD)) return unknown;
  return [...unknown, { path, message: `the server cannot get it: no word of \`start\` is ${OPTIONS_WORD}` }];
}
