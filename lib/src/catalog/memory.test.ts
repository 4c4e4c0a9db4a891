import { describeCatalogContract } from './catalog.contract.ts';
import { openMemoryCatalog } from './memory.ts';

describeCatalogContract('memory catalog', async () => ({
  catalog: openMemoryCatalog(),
  close: async () => undefined,
}));
