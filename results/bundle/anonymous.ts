/** Texts of a run without where and whose the machine was: paths, and the names of user and host. */
import { hostname, userInfo } from 'node:os';

/** Absolute, of two steps and more, not of folders that every system has. No part of a URL but of file://. */
const PATH =
  /(?:(?<=file:\/\/)|(?<![\w./@~-]))\/(?!(?:usr|bin|sbin|lib|lib64|dev|proc|sys|etc|opt)\/)[\w.@+~-]+(?:\/[\w.@+~-]+)+/g;

/** What stands in the place of a path's folders. */
const SOMEWHERE = 'PATH';

interface OwnName {
  name: string;
  instead: string;
}

/** Of a path its last name is left. */
export function anonymous(text: string, names = ownNames()): string {
  const withoutPaths = text.replace(PATH, (path) => `${SOMEWHERE}/${path.slice(path.lastIndexOf('/') + 1)}`);
  return names.reduce((left, { name, instead }) => left.replaceAll(wordOf(name), instead), withoutPaths);
}

/** The same of the values of a JSON file. A word by itself may be the name of a system, and is left. */
export function anonymousJson(json: string, names = ownNames()): string {
  const values = (_key: string, value: unknown): unknown =>
    typeof value === 'string' ? anonymous(value, /[\s/]/.test(value) ? names : []) : value;
  return `${JSON.stringify(JSON.parse(json), values, 2)}\n`;
}

/** Those of this machine; root is everybody's. */
function ownNames(): OwnName[] {
  const { username } = userInfo();
  return [
    ...(username === 'root' ? [] : [{ name: username, instead: 'USER' }]),
    ...(hostname() === 'localhost' ? [] : [{ name: hostname(), instead: 'HOST' }]),
  ];
}

function wordOf(name: string): RegExp {
  return new RegExp(`(?<![\\w-])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`, 'g');
}
