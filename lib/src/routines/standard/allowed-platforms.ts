/** Platforms that a house runs. */
export const allowedPlatforms = String.raw`
  - name: allowed-platforms
    title: Made for an allowed platform
    description: The platform of the image (os/architecture, with its variant) is among those named.
    needs: [config]
    parameters:
      platforms:
        type: strings
        description: platforms
        tightens: fewer
        default: [linux/amd64, linux/arm64, linux/arm64/v8]
    expression: has(image.platform) && image.platform in params.platforms
    message: >-
      has(image.platform) ? "is made for " + image.platform + ", not for " + params.platforms.join(", ") :
      "does not say which platform it is made for"
    remedy: build it for one of these platforms (docker build --platform …)
    tests:
      - name: allowed
        facts: {}
        expect: pass
      - name: another
        facts: { image: { platform: windows/amd64 } }
        expect: fail
        message: is made for windows/amd64, not for linux/amd64
      - name: not said
        facts: { image: { platform: null } }
        expect: fail
        message: does not say which platform
      - name: no configuration
        facts: { image: { config: null } }
        expect: undecided
`;
