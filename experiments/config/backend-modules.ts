/** The backends of systems: those of the libOS, and those from outside that a system names as its `backend_module`. */
import { backends, findBackend, loadBackendModule } from '../../libos/index.ts';
import { OWN_COMMAND } from '../machine/checkout.ts';
import { suggestion } from '../written/nearest.ts';
import type { Problem } from '../written/problems.ts';
import { OPTIONS_WORD } from './placeholders.ts';
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

function problemsOf(system: ConfiguredSystem, modules: LoadedModules): Problem[] {
  const { backend, backend_module, client, start } = system;
  const unknown: Problem[] = unknownOptions(system);
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

/**
 * Options that the backend of a side does not have: all that there are its descriptor says, but which value goes with
 * which other the backend itself, when it is opened. Another checkout may have other ones.
 */
function unknownOptions(system: ConfiguredSystem): Problem[] {
  const { backend, client, checkout, options, server_options, start } = system;
  if (checkout !== undefined) return [];
  const ofServer = start[0] === OWN_COMMAND && start.includes(OPTIONS_WORD);
  const given = {
    both: { path: ['options'], keys: Object.keys(options) },
    client: { path: ['client', 'options'], keys: Object.keys(client.options) },
    server: { path: ['server_options'], keys: Object.keys(server_options) },
  };
  return [
    ...(client.program === undefined ? lackingIn(client.backend, [given.both, given.client]) : []),
    ...(ofServer ? lackingIn(backend, [given.both, given.server]) : []),
  ];
}

function lackingIn(name: string, given: readonly { path: string[]; keys: string[] }[]): Problem[] {
  const known = findBackend(name)?.options;
  if (known === undefined) return [];
  return given.flatMap(({ path, keys }) =>
    keys
      .filter((key) => !Object.hasOwn(known, key))
      .map((key) => ({ path: [...path, key], message: noOption(name, key, Object.keys(known)) })),
  );
}

function noOption(name: string, key: string, known: readonly string[]): string {
  if (known.length === 0) return `the backend ${name} takes no options: leave it out`;
  return `the backend ${name} has no option '${key}'${suggestion(key, known)}`;
}
