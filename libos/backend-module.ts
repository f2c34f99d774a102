/**
 * Backends from outside: modules whose default export is a descriptor, in files or packages of their own.
 *
 * The main thread of a command finds such a module; each thread and process that makes a libOS over it loads it once
 * more by its URL (datapath.ts sees to that). Whatever lies in its node_modules, `bypassbench/backend-api` is to it the
 * one of the bypassbench that runs: so there is one class of each, and what is not of its version is refused.
 */
import { realpathSync, statSync } from 'node:fs';
import { type ResolveFnOutput, type ResolveHookContext, registerHooks } from 'node:module';
import { join, resolve as resolvePath } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BackendDescriptor } from './backend-descriptor.ts';
import { refuseDescriptor } from './backend-descriptor-check.ts';
import { type BackendFiles, filesOf } from './backend-files.ts';
import { addBackend, type Backend, findBackend } from './backends.ts';
import { LibosError } from './errors.ts';

const OPERATION = '--backend-module';
const API_SPECIFIER = 'bypassbench/backend-api';
/** Of this project, and of what it is made with. */
const ownFolders = [import.meta.dirname, join(import.meta.dirname, '..', 'node_modules')].map(
  (folder) => `${pathToFileURL(folder).href}/`,
);
/** Of an error as a module is loaded: its first lines name the place. */
const STACK_LINES = 6;
const apiUrl = new URL('./backend-api.ts', import.meta.url).href;

/** URLs of modules by the name of their backend. */
const urls = new Map<Backend, string>();
/** Which modules import which, by URL. */
const imports = new Map<string, Set<string>>();
/** A package is looked for from here; null while none is. */
let wanted: { name: string; parentURL: string } | null = null;
let isHooked = false;

/**
 * Loads the backend of a module, once in a thread, and adds it to those that there are. `reference` is a path that
 * begins with ./, ../ or /, a URL of a file, or the name of a package that lies in a node_modules at `folder` or above.
 * Throws INVALID_ARGUMENT, with the remedy, for what cannot be loaded, has no proper descriptor, is of another version
 * of the interface, or has a name that is taken.
 */
export async function loadBackendModule(
  reference: string,
  folder: string = process.cwd(),
): Promise<BackendDescriptor> {
  hookOnce();
  const { url, module } = await importFrom(reference, folder);
  const named = [...urls].find(([, known]) => known === url);
  if (named !== undefined) return findBackend(named[0])!;
  const descriptor = module.default;
  refuseDescriptor(descriptor, (why) => refusal(reference, why));
  if (findBackend(descriptor.name) !== null) {
    const other = urls.get(descriptor.name);
    const owner = other === undefined ? 'one of this project' : `that of ${shown(other)}`;
    throw refusal(
      reference,
      `its backend is called '${descriptor.name}', as ${owner} is: give it another name`,
    );
  }
  addBackend(descriptor);
  urls.set(descriptor.name, url);
  return descriptor;
}

/** URLs of the modules that this thread has loaded: for its threads, and for processes that it starts. */
export function loadedBackendModules(): string[] {
  return [...urls.values()];
}

/** URL of the module that a backend is from; null for one of this project. */
export function backendModuleUrl(name: Backend): string | null {
  return urls.get(name) ?? null;
}

/** What the module of a backend is made of; null for one of this project. */
export function backendFiles(name: Backend): BackendFiles | null {
  const url = urls.get(name);
  const descriptor = findBackend(name);
  if (url === undefined || descriptor === null) return null;
  const modules = new Set([url]);
  for (const one of modules) for (const imported of imports.get(one) ?? []) modules.add(imported);
  return filesOf(url, [...modules, ...(descriptor.files ?? []).map(({ href }) => href)]);
}

function shown(url: string): string {
  return fileURLToPath(url);
}

function refusal(reference: string, why: string): LibosError {
  return new LibosError('INVALID_ARGUMENT', OPERATION, -1, `${reference}: ${why}`);
}

/** Such are no part of a backend from outside. */
function isOwn(url: string): boolean {
  return ownFolders.some((folder) => url.startsWith(folder));
}

function hookOnce(): void {
  if (isHooked) return;
  isHooked = true;
  registerHooks({ resolve });
}

function resolve(
  specifier: string,
  context: ResolveHookContext,
  next: (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput,
): ResolveFnOutput {
  if (specifier === API_SPECIFIER) return { url: apiUrl, shortCircuit: true };
  if (wanted !== null && specifier === wanted.name) {
    const { parentURL } = wanted;
    wanted = null;
    return next(specifier, { ...context, parentURL });
  }
  const found = next(specifier, context);
  const { parentURL } = context;
  if (
    parentURL?.startsWith('file:') &&
    !isOwn(parentURL) &&
    found.url.startsWith('file:') &&
    !isOwn(found.url)
  ) {
    imports.set(parentURL, (imports.get(parentURL) ?? new Set()).add(found.url));
  }
  return found;
}

interface Imported {
  url: string;
  module: { default?: unknown };
}

async function importFrom(reference: string, folder: string): Promise<Imported> {
  const url = findModule(reference, folder);
  try {
    return { url, module: await import(url) };
  } catch (error) {
    throw refusal(reference, whyNotLoaded(error as NodeJS.ErrnoException));
  }
}

/** URL of the module that is meant. */
function findModule(reference: string, folder: string): string {
  const isUrl = reference.startsWith('file:');
  if (!isUrl && !/^\.{0,2}\//.test(reference)) return findPackage(reference, folder);
  const path = isUrl ? fileURLToPath(reference) : resolvePath(folder, reference);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw refusal(reference, `there is no such file: a path counts from ${folder}`);
  if (found.isDirectory())
    throw refusal(reference, 'it is a folder: name the module in it, such as index.js');
  // As imports know it, whatever links lead there.
  return pathToFileURL(realpathSync(path)).href;
}

/** As an import from a file in `folder` finds it. */
function findPackage(name: string, folder: string): string {
  wanted = { name, parentURL: pathToFileURL(`${folder}/`).href };
  try {
    return import.meta.resolve(name);
  } catch (error) {
    throw refusal(
      name,
      `no package of that name can be imported in ${folder} (${firstLine(error as Error)}): npm install it there, or give a ` +
        'path, which begins with ./ or /',
    );
  } finally {
    wanted = null;
  }
}

function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0];
}

function whyNotLoaded(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING':
      return (
        'Node runs TypeScript by itself outside of node_modules only: build the package to JavaScript (npx tsc) and have ' +
        'its "exports" name that, or give the path of its source, outside of node_modules'
      );
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return `Node strips types and does no more (${firstLine(error)}): write it otherwise, or build it to JavaScript`;
    default: {
      const place = /\(?(file:[^)\s]+)\)?/.exec(
        error.stack?.split('\n').slice(0, STACK_LINES).join('\n') ?? '',
      )?.[1];
      return `it fails as it is loaded: ${firstLine(error)}${place === undefined ? '' : ` (${place})`}`;
    }
  }
}
