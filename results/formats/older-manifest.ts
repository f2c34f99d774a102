/** Manifests of older schema versions, brought to the one that is read. */
import { z } from 'zod';
import type { Upgrade } from './format.ts';
import type { Role } from './lists.ts';

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
  config: z
    .looseObject({ outputs: z.looseObject({ reference: z.boolean().optional() }).optional() })
    .optional(),
  plan: z.looseObject({}),
  systems: z.array(z.looseObject({ name: z.string() })),
  floors: z.array(z.looseObject({ system: z.string() })).default([]),
});

/**
 * What version 1 left to names becomes fields. A damaged manifest is returned as it is. Version 1 set every run beside
 * the published values of HotOS'19 unless its configuration said otherwise.
 */
export const upgradeManifest: Upgrade = (older) => {
  const parsed = version1.safeParse(older);
  if (!parsed.success) return older;
  const { config, plan, systems, floors, ...same } = parsed.data;
  return {
    ...same,
    config,
    plan: { ...plan, reference: config?.outputs?.reference === false ? null : 'hotos19' },
    systems: systems.map((system) => ({
      ...system,
      role: Object.hasOwn(ROLES_BY_NAME, system.name) ? ROLES_BY_NAME[system.name] : null,
      group: '',
    })),
    floors: floors.map(({ system, ...floor }) => ({ ...floor, systems: [system] })),
  };
};
