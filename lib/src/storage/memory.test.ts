import { describeBlobStoreContract } from './blob-store.contract.ts';
import { openMemoryBlobStore } from './memory.ts';

describeBlobStoreContract('memory', async () => ({
  store: openMemoryBlobStore(() => new Date()),
  close: async () => undefined,
}));
