/**
 * The backends that there are: those of this project, and those that modules from outside have brought
 * (backend-module.ts). The only file that knows the backends of this project.
 */
import type { BackendDescriptor } from './backend-descriptor.ts';
import { dpdkBackend } from './dpdk/backend.ts';
import { LibosError } from './errors.ts';
import { kernelBackend } from './kernel/backend.ts';
import { rdmaBackend } from './rdma/backend.ts';
import { uringBackend } from './uring/backend.ts';
import { xdpBackend } from './xdp/backend.ts';

/** Name of a backend: one of `backends`, or of a module that was loaded. */
export type Backend = string;

const own: readonly BackendDescriptor[] = [kernelBackend, uringBackend, rdmaBackend, dpdkBackend, xdpBackend];
const known = new Map(own.map((descriptor) => [descriptor.name, descriptor]));

/** Names of those of this project. */
export const backends: readonly Backend[] = own.map(({ name }) => name);

/** Over the sockets that other programs use as well: what a command takes where nobody says a backend. */
export const SOCKETS_BACKEND: Backend = kernelBackend.name;

/** All that there are, those of this project first. */
export function knownBackends(): BackendDescriptor[] {
  return [...known.values()];
}

export function findBackend(name: Backend): BackendDescriptor | null {
  return known.get(name) ?? null;
}

/** Throws INVALID_ARGUMENT for one that does not exist; `operation` names who asks. */
export function backendNamed(name: Backend, operation = 'createLibos'): BackendDescriptor {
  const found = known.get(name);
  if (found !== undefined) return found;
  const detail = `there is no backend '${name}'; there is ${[...known.keys()].join(', ')}`;
  throw new LibosError('INVALID_ARGUMENT', operation, -1, detail);
}

/** Adds one from outside. Its name must not be taken. */
export function addBackend(descriptor: BackendDescriptor): void {
  known.set(descriptor.name, descriptor);
}
