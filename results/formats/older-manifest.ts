/** Manifests of older schema versions, brought to the one that is read. */
import { z } from 'zod';
import { type Role, schemaVersions } from './bundle.ts';

/** Version 1 knew systems by their names alone. */
const ROLES_BY_NAME: Record<string, Role> = {
  redis: 'unmodified',
  'kv-sockets': 'unmodified',
  'kv-kernel': 'libos_over_kernel',
  'kv-rdma': 'bypass',
  'kv-dpdk': 'bypass',
};

/** What of it was another way; the schema of today judges the rest. */
const version1 = z.looseObject({
  schema: z.literal('bypassbench.manifest/1'),
  config: z
    .looseObject({ outputs: z.looseObject({ reference: z.boolean().optional() }).optional() })
    .optional(),
  plan: z.looseObject({}),
  systems: z.array(z.looseObject({ name: z.string() })),
  floors: z.array(z.looseObject({ system: z.string() })).default([]),
});

/**
 * What version 1 left to names becomes fields. Whatever is not of that version, or not as it was, is returned as it
 * is. Version 1 set every run beside the published values of HotOS'19 unless its configuration said otherwise.
 */
export function upgradeManifest(json: unknown): unknown {
  const parsed = version1.safeParse(json);
  if (!parsed.success) return json;
  const { config, plan, systems, floors, ...same } = parsed.data;
  return {
    ...same,
    schema: schemaVersions.manifest,
    config,
    plan: { ...plan, reference: config?.outputs?.reference === false ? null : 'hotos19' },
    systems: systems.map((system) => ({
      ...system,
      role: Object.hasOwn(ROLES_BY_NAME, system.name) ? ROLES_BY_NAME[system.name] : null,
      group: '',
    })),
    floors: floors.map(({ system, ...floor }) => ({ ...floor, systems: [system] })),
  };
}
