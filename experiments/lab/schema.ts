/**
 * What may be said of the hosts of a laboratory, each value by itself; what values must be together is in
 * host-checks.ts and where.ts. The descriptions are also what an editor shows.
 */
import { z } from 'zod';
import { provenances } from '../../results/formats/index.ts';
import { parseAddress } from './addresses.ts';
import { folderProblem, hostProblem, identityProblem, jumpProblem, userProblem } from './ssh-words.ts';

export const launchers = ['ssh', 'srun', 'local'] as const;

/** A text that `problem` finds nothing wrong with. */
function textWithout(problem: (text: string) => string | null): z.ZodString {
  return z.string().superRefine((text, context) => {
    const message = problem(text);
    if (message !== null) context.addIssue({ code: 'custom', message });
  });
}

const hostName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
    'must be letters, digits, - and _, with a letter or a digit first: its address goes to `ssh`',
  );
const networkName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'must be letters, digits, - and _, with a letter or a digit first');

const address = textWithout((text) => {
  const parsed = parseAddress(text);
  return typeof parsed === 'string' ? parsed : null;
});

const cores = z.array(z.int().min(0)).min(1);

const ssh = z.strictObject({
  host: textWithout(hostProblem)
    .optional()
    .describe("Name or address; default the host's name here. ~/.ssh/config may know it."),
  user: textWithout(userProblem).optional(),
  port: z.int().min(1).max(65_535).optional(),
  identity: textWithout(identityProblem).optional().describe('File of the private key.'),
  jump: textWithout(jumpProblem)
    .optional()
    .describe('Hosts on the way, as [user@]host[:port], separated by commas (ssh -J).'),
});

const srun = z.strictObject({
  node: textWithout(hostProblem)
    .optional()
    .describe("The node's name in the allocation; default the host's name here."),
});

const SSH_ABOUT =
  'How ssh(1) reaches it, or its name alone: `ssh: node0`. All else, and what is not said here, comes from ' +
  '~/.ssh/config.';
const SRUN_ABOUT = "The node of Slurm's allocation, or its name alone.";

const network = z
  .strictObject({
    address: address.describe("The kernel's address on it with the network's prefix, such as 10.10.1.1/24."),
    libos_address: address
      .optional()
      .describe('Address of a libOS with a TCP/IP of its own: another one, in the same network.'),
    interface: z
      .string()
      .regex(
        /^[^\s/,=[\]":]{1,15}$/,
        'must be the name of an interface: 1 to 15 characters, no / : , = or space',
      )
      .optional()
      .describe('As ip(8) names it.'),
    pci: z
      .string()
      .regex(
        /^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7]$/,
        'must look like 0000:03:00.1 (lspci -D; bypassbench doctor)',
      )
      .transform((text) => text.toLowerCase())
      .optional()
      .describe('PCI address of the NIC (its port), as lspci -D has it.'),
    rdma: z
      .strictObject({
        device: z
          .string()
          .regex(/^[\w.:-]{1,63}$/, 'must be the name of a device, such as mlx5_0 (bypassbench doctor)')
          .describe('As libfabric names its domain: mlx5_0, rdmap0s6-rdm.'),
        gid_index: z
          .int()
          .min(0)
          .max(255)
          .optional()
          .describe('Of RoCE: which entry of the table of GIDs (ibv_devinfo -v).'),
        provider: z
          .string()
          .regex(/^[a-z0-9_;]+$/, 'must be the name of a provider of libfabric, such as verbs;ofi_rxm')
          .optional()
          .describe('Of libfabric: verbs;ofi_rxm, efa, tcp;ofi_rxm.'),
      })
      .optional()
      .describe('The device of RDMA on it.'),
    device: z
      .string()
      .min(1)
      .optional()
      .describe(
        'What carries the bytes, as figures name it, such as ConnectX-5: of systems that have `device: loopback`.',
      ),
    provenance: z.enum(provenances).default('real_device').describe('Of which kind that device is.'),
  })
  .describe('What of the host is on a network. A network has one name at all its hosts.');

const host = z
  .strictObject({
    launcher: z
      .enum(launchers)
      .default('ssh')
      .describe(
        'What reaches it: ssh(1); srun(1), within an allocation of Slurm; local: it is this machine.',
      ),
    ssh: ssh.optional().describe(SSH_ABOUT),
    srun: srun.optional().describe(SRUN_ABOUT),
    folder: textWithout(folderProblem)
      .optional()
      .describe('Folder there: the checkout, and what runs leave. May hold spaces. Default ~/bypassbench.'),
    server_cores: cores
      .optional()
      .describe(
        'Cores that a server there may have, in the order in which they are taken: as many as it names.',
      ),
    client_cores: cores.optional().describe('The same of a load generator there.'),
    networks: z.record(networkName, network).default({}).describe('The networks that it is on, by name.'),
    hugepages: z
      .strictObject({ size: z.enum(['2M', '1G']).default('2M'), count: z.int().min(1) })
      .optional()
      .describe('Huge pages that there must be.'),
    env: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable'),
        z.union([z.string(), z.number()]).transform(String),
      )
      .default({})
      .describe('Environment variables of what is started there.'),
    clock: z
      .enum(['none', 'ptp', 'hardware'])
      .default('none')
      .describe(
        "Whether its clock is disciplined against the others': by PTP, by hardware of its own, or not.",
      ),
  })
  .describe('A machine of the laboratory.');

const HOSTS_ABOUT = 'The machines, by the names that systems use.';
const NO_HOST = 'must have at least one host';
const isNotEmpty = (all: object): boolean => Object.keys(all).length > 0;

export const hosts = z.record(hostName, host).refine(isNotEmpty, NO_HOST).describe(HOSTS_ABOUT);

/** Where a system runs, by the names of hosts. Of two that are laid upon each other either says a part. */
export const where = z
  .strictObject({
    server: z.string().describe('Host that the server runs on.'),
    generators: z
      .array(z.string())
      .min(1)
      .describe('Hosts that generate the load, each its part of the connections and of the rate.'),
    network: z
      .string()
      .describe('Network between them; not needed where they share one alone, or are one host.'),
  })
  .partial()
  .describe('The hosts of the server and of its load generators.');

const name = z.string().min(1).describe('What the laboratory is called.');
export const labFile = z.strictObject({ lab: name, hosts, place: where.optional() });

/** As its author may write them: with short forms (short-forms.ts). */
const authoredHost = host.extend({
  ssh: z.union([z.string(), ssh]).optional().describe(SSH_ABOUT),
  srun: z.union([z.string(), srun]).optional().describe(SRUN_ABOUT),
});
export const authoredHosts = z.record(hostName, authoredHost).describe(HOSTS_ABOUT);
const authoredLab = labFile.extend({ hosts: authoredHosts });

export type WrittenHosts = z.infer<typeof hosts>;
export type WrittenHost = WrittenHosts[string];
export type Where = z.infer<typeof where>;

/** JSON Schema (draft 2020-12) of a lab file. */
export function labJsonSchema(): z.core.JSONSchema.JSONSchema {
  return z.toJSONSchema(authoredLab, { io: 'input' });
}
