import { chooseImage, type ImageSource } from './image-source.ts';
import { openContent, type OpenContentOptions } from './open-content.ts';

export interface OpenOptions extends OpenContentOptions {
  /** os/architecture[/variant] to choose from an index */
  readonly platform: string;
}

/**
 * Opens an image of one platform wherever it lies: in a registry, an OCI layout folder, or an archive of docker save or OCI
 * form. What the text may be: `locateImage`.
 *
 * @throws WharfingerError as `openContent` and `chooseImage` do
 */
export async function openImage(text: string, options: OpenOptions): Promise<ImageSource> {
  const { name, content, fetched, digestOrigin, contentOf, close } = await openContent(text, options);
  try {
    const chosen = await chooseImage(content, fetched, options.platform);
    const evidence = digestOrigin === 'stored' ? chosen.evidence : undefined;
    return { ...chosen, name, digestOrigin, evidence, contentOf, close };
  } catch (error) {
    await close();
    throw error;
  }
}
