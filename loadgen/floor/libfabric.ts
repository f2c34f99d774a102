/** What fi_info reports, and the environment of libfabric's programs. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LoadError } from '../errors.ts';

export interface Fabric {
  /** By libfabric's name. */
  provider: string;
  /** Device of the provider; undefined for its first one. */
  domain?: string;
}

/**
 * As in libos/native/fabric.c: a larger universe makes verbs' completion queues too long for some devices.
 */
const UNIVERSE_SIZE = '4';

/**
 * Layered providers ignore the domain that a program asks for; the providers below them read these variables.
 */
export function fabricEnvironment({ domain }: Fabric): NodeJS.ProcessEnv {
  const device = domain === undefined ? {} : { FI_TCP_IFACE: domain, FI_VERBS_DEVICE_NAME: domain };
  return { FI_UNIVERSE_SIZE: UNIVERSE_SIZE, ...process.env, ...device };
}

/** Throws FLOOR_FAILED when libfabric's programs are missing. */
export async function libfabricVersion(): Promise<string> {
  const { stdout } = await promisify(execFile)('fi_info', ['--version']).catch((error: Error) => {
    throw new LoadError(
      'FLOOR_FAILED',
      `fi_info cannot be run (${error.message}): install the Debian package libfabric-bin`,
    );
  });
  return /^libfabric: (\S+)$/m.exec(stdout)?.[1] ?? 'unknown';
}

/**
 * Throws FLOOR_FAILED when the first device that libfabric offers, which its programs take, is another one.
 */
export async function requireDevice(fabric: Fabric): Promise<void> {
  const { provider, domain } = fabric;
  if (domain === undefined) return;
  const args = ['-p', provider, '-t', 'FI_EP_RDM', '-c', 'FI_MSG', '-d', domain];
  const env = fabricEnvironment(fabric);
  const { stdout } = await promisify(execFile)('fi_info', args, { env }).catch(() => ({ stdout: '' }));
  const offered = /^ *domain: (\S+)$/m.exec(stdout)?.[1];
  if (offered === domain) return;
  const instead = offered === undefined ? '' : ` and offers ${offered}`;
  throw new LoadError(
    'FLOOR_FAILED',
    `libfabric finds no device ${domain} of the provider ${provider}${instead}: ${fabricRemedy()}`,
  );
}

/** What to do when a provider is not found. */
export function fabricRemedy(): string {
  const filter = process.env.FI_PROVIDER;
  if (filter) return `FI_PROVIDER=${filter} in the environment leaves out all other providers: unset it`;
  return "'bypassbench doctor' lists what libfabric finds here";
}
