/** What becomes of a failure: on the wire, and before people. */
export interface ErrorEntry {
  /** HTTP status that the registry or API answers with */
  readonly status: number;
  /** code in the OCI error body; absent where the failure never reaches a registry client */
  readonly oci?: string;
  readonly message: string;
  readonly remedy: string;
}
