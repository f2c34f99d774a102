/**
 * What tests of the backend run over: shm, or whatever RDMA_OPTIONS says
 * ("provider=verbs;ofi_rxm,device=rxe0"), as npm run test:guest does in its guest.
 */
import { type BackendOptions, withBackendOption } from '../backend-options.ts';

const text = process.env.RDMA_OPTIONS ?? '';

export const rdmaOptions: BackendOptions = text
  .split(',')
  .filter(Boolean)
  .reduce<BackendOptions>((options, one) => withBackendOption(one, options), {});

export const rdmaProvider = rdmaOptions.provider ?? 'shm';
