/** The flags by which a command is told its backend: alike for every command that has one. */
import type { Command } from 'commander';
import { loadBackendModule } from './backend-module.ts';
import { type BackendOptions, withBackendOption } from './backend-options.ts';
import { type Backend, backendNamed, backends, SOCKETS_BACKEND } from './backends.ts';
import { LibosError } from './errors.ts';

/** As commander names them. */
export interface BackendFlags {
  backend?: string;
  backendModule?: string;
  backendOption?: BackendOptions;
}

export interface ChosenBackend {
  backend: Backend;
  backendOptions: BackendOptions;
}

/** Of `doctor`, too. */
export const MODULE_HELP =
  'backend from outside: a module by its path, which begins with ./ or /, or a package';

/** Adds the flags; `what` is what the backend does for the command. `hasShort`: -o is free. */
export function withBackendFlags(command: Command, what: string, hasShort = true): Command {
  return command
    .option(
      '--backend <name>',
      `${what}: ${backends.join(', ')} (default: that of --backend-module, else ${SOCKETS_BACKEND})`,
    )
    .option('--backend-module <path|package>', MODULE_HELP)
    .option(
      `${hasShort ? '-o, ' : ''}--backend-option <key=value>`,
      'option for the backend and its device, as bypassbench doctor --options lists them; can be repeated',
      withBackendOption,
    );
}

/**
 * The backend that the flags name, whose module is loaded. Throws INVALID_ARGUMENT for one that does not exist, for two
 * different ones, and what loadBackendModule throws.
 */
export async function chooseBackend({
  backend,
  backendModule,
  backendOption = {},
}: BackendFlags): Promise<ChosenBackend> {
  const outside = backendModule === undefined ? null : (await loadBackendModule(backendModule)).name;
  const name = backend ?? outside ?? SOCKETS_BACKEND;
  if (outside !== null && name !== outside) {
    const detail = `--backend-module ${backendModule} has the backend ${outside}: leave --backend ${name} out, or the module`;
    throw new LibosError('INVALID_ARGUMENT', '--backend', -1, detail);
  }
  return { backend: backendNamed(name, '--backend').name, backendOptions: backendOption };
}
