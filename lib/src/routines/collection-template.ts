/** A collection to begin with: one routine, with all that one may have, and tests that pass. */
export function collectionTemplate(name: string): string {
  return `# A collection of routines: the rules that images are judged by.
# wharf routine test FILE reads it strictly and runs its tests. Expressions are CEL (https://cel.dev).
name: ${name}
version: 0.1.0
description: What ${name} demands besides the standard.
routines:
  - name: few-packages
    title: Small images only
    description: Images with many packages are hard to keep current.
    # facts without which it cannot be decided; asking for one that is not known makes it undecided
    needs: [inventory]
    parameters:
      most:
        type: integer
        description: packages that an image may have
        minimum: 1
        # which way makes the routine stricter, so that overlays may go there
        tightens: down
        default: 200
    # passes if and only if this is true
    expression: size(inventory.packages) <= params.most
    message: '"has " + string(size(inventory.packages)) + " packages, more than " + string(params.most)'
    remedy: build on a smaller base
    tests:
      - name: a small image
        facts: { inventory: { packages: [{}, {}] } }
        expect: pass
      - name: one too many
        facts: { inventory: { packages: [{}, {}] } }
        parameters: { most: 1 }
        expect: fail
        message: has 2 packages, more than 1
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
}
