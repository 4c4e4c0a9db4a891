/** Artifact type of signatures of the Notary Project; of older writers, the type of their config. */
export const notationArtifact = 'application/vnd.cncf.notary.signature';

/** Types of their one layer: JWS, COSE. */
export const notationLayers: readonly string[] = ['application/jose+json', 'application/cose'];
