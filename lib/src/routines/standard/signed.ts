/** Every signature that counts was verified before: the fact is the name of the key, not the presence of a signature. */
export const signed = String.raw`
  - name: signed
    title: Signed by a trusted key
    description: >-
      Enough of the keys that are trusted for the repository have signed this very digest. Signatures, attestations
      and SBOMs are exempt: they speak about something that is signed itself, and each is verified where it is used.
      An index and the images that it points to are signed each for itself.
    appliesTo: [image, index, chart, artifact]
    needs: [signatures]
    parameters:
      minimumKeys:
        type: integer
        description: how many different trusted keys must have signed
        minimum: 1
        maximum: 20
        tightens: up
        default: 1
    variables:
      keys: signatures.signers
      needed: 'params.minimumKeys == 1 ? "a trusted key" : string(params.minimumKeys) + " trusted keys"'
    expression: size(keys) >= params.minimumKeys
    message: >-
      size(signatures.trustedKeys) == 0 ? "no key is trusted for this repository, so no signature can count" :
      size(keys) > 0 ? "signed by " + keys.join(", ") + " only, but " + needed + " must sign" :
      size(signatures.refused) == 0 ? "not signed by " + needed :
      "not signed by " + needed + "; a signature was found that does not count: " + signatures.refused[0].reason
    details: >-
      signatures.refused.map(signature, signature.format + " " + signature.evidence + ": " + signature.reason)
    remedy: >-
      sign the digest with a key that is trusted for this repository (wharf sign or cosign sign, with --recursive for
      an index and its images; notation sign where certificates are trusted), or have the key added to the trust policy
    tests:
      - name: a signature by a trusted key
        facts: { signatures: { trustedKeys: [release], valid: [{ key: release }], signers: [release] } }
        expect: pass
      - name: no signature
        facts: { signatures: { trustedKeys: [release] } }
        expect: fail
        message: not signed by a trusted key
      - name: a signature that does not verify says why
        facts: { signatures: { trustedKeys: [release], refused: [{ reason: the key is not trusted here }] } }
        expect: fail
        message: 'does not count: the key is not trusted here'
      - name: no key is trusted
        facts: {}
        expect: fail
        message: no key is trusted for this repository
      - name: the same key twice is one key
        facts: { signatures: { trustedKeys: [release, security], valid: [{}, {}], signers: [release] } }
        parameters: { minimumKeys: 2 }
        expect: fail
        message: signed by release only, but 2 trusted keys must sign
      - name: two keys
        facts: { signatures: { trustedKeys: [release, security], signers: [release, security] } }
        parameters: { minimumKeys: 2 }
        expect: pass
      - name: signatures were not looked up
        facts: { signatures: null }
        expect: undecided
        message: not checked yet
      - name: an index is signed for itself
        facts: { image: { kind: index, config: null }, signatures: { trustedKeys: [release] } }
        expect: fail
      - name: a signature need not be signed
        facts: { image: { kind: signature } }
        expect: skipped
      - name: an SBOM need not be signed
        facts: { image: { kind: sbom } }
        expect: skipped
`;
