/** A resolved config as YAML, which is a config again. */
import { Document, isCollection, isMap, isScalar, isSeq, visit } from 'yaml';
import { type Axis, pointName } from '../../results/formats/index.ts';
import { keysOf } from './authored.ts';
import { placementLines } from './placement-text.ts';
import type { ResolvedConfig } from './resolved.ts';
import type { ConfiguredPoint } from './schema.ts';
import { withoutAxes } from './swept.ts';
import { uselessKeys } from './useless-keys.ts';
import { joinWords } from './words.ts';

const LINE_WIDTH = 110;

/** Command lines, which are shorter as one string. */
const wordKeys = ['start', 'version', 'command'];

/** With its points, and a comment at each system and floor that says what it is made of. */
export function configText({ config, sources, axes, points }: ResolvedConfig): string {
  const written = withoutAxes(config, axes);
  for (const key of uselessKeys({ workload: config.workload, axes, points })) {
    Reflect.deleteProperty(written.workload, key);
  }
  const document = new Document(written);
  if (axes.length > 0) document.commentBefore = pointLines(axes, points).join('\n');
  visit(document, {
    Pair(_, { key, value }) {
      if (!isSeq(value)) return;
      if (isScalar(key) && wordKeys.includes(String(key.value))) {
        return document.createPair(key.value, joinWords(value.toJSON().map(String)));
      }
      if (!value.items.some(isCollection)) value.flow = true;
    },
  });
  for (const list of ['systems', 'floors']) {
    const entries = document.get(list);
    if (!isSeq(entries)) continue;
    for (const entry of entries.items) {
      const name = isMap(entry) && entry.get('name', true);
      if (!isMap(entry) || !isScalar(name)) continue;
      const system = list === 'systems' && config.systems.find((one) => one.name === name.value);
      entry.commentBefore = [
        origin(sources.get(String(name.value)) ?? []),
        ...(system ? placementLines(config, system, axes) : []),
      ]
        .map((line) => ` ${line}`)
        .join('\n');
    }
  }
  return document.toString({ lineWidth: LINE_WIDTH });
}

/** Each point with the systems that are measured there, where these are not all. */
function pointLines(axes: readonly Axis[], points: readonly ConfiguredPoint[]): string[] {
  const isSame = axes.every(({ systems }) => systems === null);
  const parameters = axes.filter(isParameter).map(({ path }) => path);
  return [
    ` ${points.length} ${points.length === 1 ? 'point' : 'points'}${isSame ? '' : ', each of the systems that have its axes'}:`,
    ...points.map(({ at, systems }) => {
      const names = isSame ? '' : ` (${systems.map(({ name }) => name).join(', ')})`;
      return `   ${pointName(at) || 'without'}${names}`;
    }),
    ...parameters.map(
      (path) => ` ${path} is a parameter of the library: only the experiment itself can be run.`,
    ),
  ];
}

/** A key of a system that no system has when its template is filled in. */
function isParameter({ path }: Axis): boolean {
  const [first, , ...inner] = path.split('.');
  const key = first === 'systems' ? inner[0] : first;
  return first !== 'workload' && !keysOf.systems.includes(key);
}

/** `made of kv-dpdk and kvserver, of experiments/systems/kvserver.yaml` */
function origin(entries: readonly { name: string; file: string }[]): string {
  if (entries.length === 0) return 'written out in the experiment';
  const files = [...new Set(entries.map(({ file }) => file))];
  const parts = files.map((file) => {
    const names = entries.filter((entry) => entry.file === file).map(({ name }) => name);
    return `${names.join(' and ')}, of ${file}`;
  });
  return `made of ${parts.join('; ')}`;
}
