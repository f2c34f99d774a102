/**
 * What a backend is told about its device, as typed on a command line: KEY=VALUE, any number of times. Which keys
 * there are and what they may say is the backend's own business.
 */
import { LibosError } from './errors.ts';

export type BackendOptions = Readonly<Record<string, string>>;

/**
 * `before` with the option that `text` says. Throws INVALID_ARGUMENT when it is not KEY=VALUE, or when the key
 * was given before: one of the two would silently not hold.
 */
export function withBackendOption(text: string, before: BackendOptions = {}): BackendOptions {
  const [, key, value] = /^([a-z][a-z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (key === undefined) {
    throw refusal(`'${text}' is not KEY=VALUE with a key of small letters, digits and _, such as mtu=9000`);
  }
  if (Object.hasOwn(before, key)) {
    throw refusal(`${key} is given twice, as '${before[key]}' and as '${value}': give it once`);
  }
  return { ...before, [key]: value };
}

function refusal(detail: string): LibosError {
  return new LibosError('INVALID_ARGUMENT', '--backend-option', -1, detail);
}
