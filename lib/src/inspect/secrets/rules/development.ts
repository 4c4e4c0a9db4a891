import { assigned, token, type SecretRule } from '../rule.ts';
import { entropyOf, hasChecksum, isPlaceholder, isReference } from '../value-checks.ts';

/** Where code and packages are kept and built. */
export const developmentRules: readonly SecretRule[] = [
  {
    id: 'github-token',
    title: 'token of GitHub',
    severity: 'critical',
    anchors: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    pattern: /(?<![A-Za-z0-9_-])(?<secret>gh[pousr]_[A-Za-z0-9]{36,251})/y,
    inBinary: true,
    // The long ones have another form than the one whose checksum is known.
    judge: ({ secret }) =>
      !isPlaceholder(secret) && (secret.length !== 40 || hasChecksum(secret.slice(4)))
        ? 'critical'
        : undefined,
  },
  {
    id: 'github-fine-grained-token',
    title: 'fine-grained token of GitHub',
    severity: 'critical',
    anchors: ['github_pat_'],
    pattern: token('github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}'),
    inBinary: true,
  },
  {
    id: 'gitlab-token',
    title: 'token of GitLab',
    severity: 'critical',
    anchors: [
      'glpat-',
      'gldt-',
      'glrt-',
      'glcbt-',
      'glptt-',
      'glft-',
      'glimt-',
      'glagent-',
      'gloas-',
      'glsoat-',
    ],
    pattern: token(
      String.raw`(?:glpat|gldt|glrt|glcbt|glptt|glft|glimt|glagent|gloas|glsoat)-(?=[A-Za-z0-9_.-]{0,40}[0-9])[A-Za-z0-9_-]{20,64}(?:\.[0-9a-z]{2}\.[0-9a-z]{9})?`,
    ),
    inBinary: true,
  },
  {
    id: 'gitlab-runner-registration',
    title: 'registration token of GitLab runners',
    severity: 'high',
    anchors: ['GR1348941'],
    pattern: token('GR1348941[A-Za-z0-9_-]{20,22}'),
  },
  {
    id: 'bitbucket-token',
    title: 'token or app password of Bitbucket',
    severity: 'critical',
    anchors: ['ATBB', 'ATCTT3xFfG'],
    pattern: token('(?:ATBB[A-Za-z0-9]{24}[0-9A-F]{8}|ATCTT3xFfG[A-Za-z0-9_=-]{150,240})(?![A-Za-z0-9])'),
  },
  {
    id: 'atlassian-token',
    title: 'API token of Atlassian',
    severity: 'critical',
    anchors: ['ATATT3xFfG'],
    pattern: token('ATATT3xFfG[A-Za-z0-9_=-]{150,240}'),
    inBinary: true,
  },
  {
    id: 'npm-token',
    title: 'access token of npm',
    severity: 'critical',
    anchors: ['npm_'],
    pattern: /(?<![A-Za-z0-9_-])(?<secret>npm_[A-Za-z0-9]{36})(?![A-Za-z0-9])/y,
    inBinary: true,
    judge: ({ secret }) => (!isPlaceholder(secret) && hasChecksum(secret.slice(4)) ? 'critical' : undefined),
  },
  {
    id: 'npm-registry-login',
    title: 'login of a registry of npm packages',
    severity: 'high',
    anchors: [':_authToken', ':_auth', ':_password', '_auth='],
    pattern: /:?_(?:authToken|auth|password)\s{0,4}=\s{0,4}"?(?<secret>[A-Za-z0-9+/=_.-]{12,1000})/y,
    reach: 1100,
    judge: ({ secret }) =>
      isPlaceholder(secret) || isReference(secret) || entropyOf(secret) < 3 ? undefined : 'high',
  },
  {
    id: 'pypi-token',
    title: 'upload token of PyPI',
    severity: 'critical',
    anchors: ['pypi-AgE'],
    pattern: token('pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[A-Za-z0-9_-]{50,400}'),
    inBinary: true,
  },
  {
    id: 'rubygems-token',
    title: 'API key of RubyGems',
    severity: 'critical',
    anchors: ['rubygems_'],
    pattern: token('rubygems_[0-9a-f]{48}'),
    inBinary: true,
  },
  {
    id: 'nuget-api-key',
    title: 'API key of NuGet',
    severity: 'high',
    anchors: ['oy2'],
    pattern: /(?<![A-Za-z0-9_+/-])(?<secret>oy2[a-p][a-z0-9]{42})(?![A-Za-z0-9_+/=-])/y,
    judge: ({ secret }) => (entropyOf(secret) >= 3.5 ? 'high' : undefined),
  },
  {
    id: 'clojars-token',
    title: 'deploy token of Clojars',
    severity: 'high',
    anchors: ['CLOJARS_'],
    pattern: token('CLOJARS_[0-9a-f]{60}'),
  },
  {
    id: 'docker-hub-token',
    title: 'token of Docker Hub',
    severity: 'critical',
    anchors: ['dckr_pat_', 'dckr_oat_'],
    pattern: token('dckr_[po]at_[A-Za-z0-9_-]{27,40}'),
    inBinary: true,
  },
  {
    id: 'container-registry-login',
    title: 'login of a container registry',
    severity: 'critical',
    anchors: ['"auth"', '\\"auth\\"'],
    pattern: /\\?"auth\\?"\s{0,8}:\s{0,8}\\?"(?<secret>[A-Za-z0-9+/=]{8,1000})\\?"/y,
    reach: 1100,
    judge: ({ secret }) => {
      const login = Buffer.from(secret, 'base64').toString('utf8');
      const at = login.indexOf(':');
      const isLogin = at > 0 && at < login.length - 1 && /^[\x20-\x7e]+$/.test(login);
      return isLogin && !isPlaceholder(login.slice(at + 1)) ? 'critical' : undefined;
    },
  },
  {
    id: 'artifactory-token',
    title: 'key or reference token of JFrog Artifactory',
    severity: 'critical',
    anchors: ['AKCp', 'cmVmdGtuOj'],
    pattern:
      /(?<![A-Za-z0-9+/_-])(?<secret>AKCp[A-Za-z0-9]{69}|cmVmdGtuOj[A-Za-z0-9]{54,60})(?![A-Za-z0-9+/=])/y,
  },
  {
    id: 'sonarqube-token',
    title: 'token of SonarQube',
    severity: 'high',
    anchors: ['squ_', 'sqp_', 'sqa_'],
    pattern: /(?<![A-Za-z0-9_-])(?<secret>sq[upa]_[0-9a-f]{40})(?![A-Za-z0-9])/y,
  },
  {
    id: 'buildkite-token',
    title: 'token of Buildkite',
    severity: 'high',
    anchors: ['bkua_', 'bkct_'],
    pattern: token('bk(?:ua_[0-9a-f]{40}|ct_[A-Za-z0-9_-]{40,60})'),
  },
  {
    id: 'circleci-token',
    title: 'token of CircleCI',
    severity: 'high',
    anchors: ['CCIPAT_', 'CCIPRJ_'],
    pattern: token('CCIP(?:AT|RJ)_[A-Za-z0-9]{22}_[0-9a-f]{40}'),
  },
  {
    id: 'postman-api-key',
    title: 'API key of Postman',
    severity: 'high',
    anchors: ['PMAK-'],
    pattern: token('PMAK-[0-9a-f]{24}-[0-9a-f]{34}'),
  },
  {
    id: 'linear-api-key',
    title: 'API key of Linear',
    severity: 'high',
    anchors: ['lin_api_'],
    pattern: token('lin_api_[A-Za-z0-9]{40}'),
  },
  {
    id: 'figma-token',
    title: 'token of Figma',
    severity: 'medium',
    anchors: ['figd_'],
    pattern: token('figd_[A-Za-z0-9_-]{40}'),
  },
  {
    id: 'notion-token',
    title: 'token of Notion',
    severity: 'high',
    anchors: ['ntn_'],
    pattern: token('ntn_[0-9]{11}[A-Za-z0-9]{35}'),
  },
  {
    id: 'readme-token',
    title: 'API key of ReadMe',
    severity: 'medium',
    anchors: ['rdme_'],
    pattern: token('rdme_[a-z0-9]{70}'),
  },
  {
    id: 'one-password-service-token',
    title: 'token of a service account of 1Password',
    severity: 'critical',
    anchors: ['ops_eyJ'],
    pattern: token('ops_eyJ[A-Za-z0-9_=-]{200,1000}'),
    reach: 1100,
  },
  {
    id: 'one-password-secret-key',
    title: 'secret key of 1Password',
    severity: 'critical',
    anchors: ['A3-'],
    pattern: token(
      'A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}',
    ),
  },
  {
    id: 'sentry-token',
    title: 'token of Sentry',
    severity: 'high',
    anchors: ['sntrys_eyJ', 'sntryu_'],
    pattern: token('(?:sntrys_eyJ[A-Za-z0-9+/=_-]{80,400}|sntryu_[0-9a-f]{64})'),
  },
  {
    id: 'snyk-token',
    title: 'API token of Snyk',
    severity: 'high',
    anchors: ['snyk'],
    anyCase: true,
    pattern: new RegExp(
      String.raw`(?<name>snyk[_.-]?(?:api|oauth)?[_.-]?(?:key|token))${assigned}(?<secret>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![0-9a-f-])`,
      'iy',
    ),
  },
];
