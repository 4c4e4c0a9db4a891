/** Annotation of manifests that carry a signature: SHA-256 of the certificates, leaf first, hex, as a JSON list. */
export const thumbprintAnnotation = 'io.cncf.notary.x509chain.thumbprint#S256';
