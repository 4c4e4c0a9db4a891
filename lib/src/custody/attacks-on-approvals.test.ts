import { describe } from 'vitest';
import { digestOf } from '../oci/digest.ts';
import { appOf, expectRefused, secondApproval, stageChanged } from './attacks.fixtures.ts';
import {
  addImage,
  approve,
  approveApp,
  layout,
  nodeLayers,
  revoked,
  takeIn,
  trustSet,
  withPurposes,
} from './custody.fixtures.ts';
import { chainComplete } from './statements/verification-summary.ts';

describe('an intake or approval is refused, for its own reason:', () => {
  expectRefused({
    'a base that nobody took in': {
      codes: ['intake-missing'],
      names: ['platform/node', 'base/debian'],
      steps: { takeInBase: () => {} },
    },
    'an intake by another team': {
      codes: ['intake-signer'],
      steps: { takeInNode: (world, parent) => takeIn(world, parent, 'node-key') },
    },
    "a registry's word on the whole chain, in the place of the team's": {
      codes: ['intake-missing'],
      steps: {
        takeInNode: (world, parent) =>
          takeIn(world, parent, 'app-key', (told) => ({ ...told, verifiedLevels: [chainComplete] })),
      },
    },
    'an intake by a key that nobody trusts': {
      codes: ['intake-refused'],
      steps: { takeInNode: (world, parent) => takeIn(world, parent, 'stranger-key') },
    },
    'an intake that did not pass': {
      codes: ['intake-failed'],
      steps: {
        takeInNode: (world, parent) =>
          takeIn(world, parent, 'app-key', (told) => ({ ...told, verificationResult: 'FAILED' })),
      },
    },
    'an intake that rests on another link': {
      codes: ['intake-other-link'],
      names: ['platform/node'],
      steps: {
        takeInNode: (world, parent) =>
          takeIn(world, parent, 'app-key', (told) => ({ ...told, inputAttestations: [] })),
      },
    },
    'an intake of another registry': {
      codes: ['intake-scope'],
      steps: {
        takeInNode: (world, parent) =>
          takeIn(world, parent, 'app-key', (told) => ({
            ...told,
            resourceUri: `oci://registry.evil/runtime/node@${parent.image.digest}`,
          })),
      },
    },
    'an intake after the fact': {
      codes: ['intake-late'],
      names: ['after team payments/app had built on it'],
      steps: {
        takeInNode: (world, parent) =>
          takeIn(world, parent, 'app-key', (told) => ({ ...told, timeVerified: '2026-11-22T11:59:00Z' })),
      },
    },
    'an intake by a policy that is not allowed': {
      codes: ['intake-policy'],
      walk: { layout: stageChanged('app', { intakePolicies: [digestOf('another policy')] }) },
    },
    'an intake of no known form': {
      codes: ['intake-invalid'],
      steps: {
        takeInNode: (world, parent) =>
          takeIn(world, parent, 'app-key', () => ({ verificationResult: 'PASSED' })),
      },
    },
    'an intake by a key that is not for intakes': {
      codes: ['intake-purpose'],
      walk: () => ({ trust: withPurposes('app-key', ['stamp']) }),
    },

    // approvals
    'one person who approves with two keys': {
      codes: ['approvals-not-distinct'],
      steps: {
        approveApp(world, { image }) {
          approve(world, image, { stage: 'app', role: 'security', approver: 'alice' }, 'alice-key');
          approve(world, image, { stage: 'app', role: 'release', approver: 'alice' }, 'alice-old-key');
        },
      },
    },
    'an approval of another stage': {
      codes: ['approval-stage'],
      names: ['for stage base, not for app'],
      steps: secondApproval({ stage: 'base', role: 'release', approver: 'bob' }, 'bob-key'),
    },
    'an approval that is replayed from another repository': {
      codes: ['approval-scope'],
      names: ['prod/other'],
      steps: secondApproval({ stage: 'app', role: 'release', approver: 'bob' }, 'bob-key', (said) => ({
        ...said,
        scope: { registry: layout.registry, repository: 'prod/other', platform: 'linux/amd64' },
      })),
    },
    'an approval in a role that somebody does not have': {
      codes: ['approval-role'],
      names: ['as security'],
      steps: secondApproval({ stage: 'app', role: 'security', approver: 'bob' }, 'bob-key'),
    },
    'an approval in the name of somebody else': {
      codes: ['approval-approver'],
      names: ['in the name of bob'],
      steps: secondApproval({ stage: 'app', role: 'release', approver: 'bob' }, 'carol-key'),
    },
    'an approval by somebody whose approvals do not count': {
      codes: ['approval-signer'],
      steps: secondApproval({ stage: 'app', role: 'release', approver: 'eve' }, 'other-key'),
    },
    'an approval by a key of releases': {
      codes: ['approval-purpose'],
      steps: secondApproval({ stage: 'app', role: 'release', approver: 'dave' }, 'release-key'),
    },
    'a team that approves its own work': {
      codes: ['approval-by-team'],
      names: ['payments/app'],
      steps: secondApproval({ stage: 'app', role: 'release', approver: 'bot-app' }, 'app-key'),
    },
    'an approval that has expired': {
      codes: ['approval-expired'],
      names: ['bob', 'has expired'],
      steps: secondApproval({ stage: 'app', role: 'release', approver: 'bob' }, 'bob-key', (said) => ({
        ...said,
        notAfter: '2026-11-22T11:30:00Z',
      })),
    },
    'an approval that is not in force yet': {
      codes: ['approval-not-yet'],
      steps: secondApproval({ stage: 'app', role: 'release', approver: 'bob' }, 'bob-key', (said) => ({
        ...said,
        notBefore: '2026-11-22T13:00:00Z',
      })),
    },
    'an approval that decides otherwise': {
      codes: ['approval-invalid'],
      steps: secondApproval({ stage: 'app', role: 'release', approver: 'bob' }, 'bob-key', (said) => ({
        ...said,
        decision: 'reject',
      })),
    },
    'an approval of what failed a routine': {
      codes: ['approval-invalid'],
      names: ['nobody approves what failed'],
      steps: secondApproval({ stage: 'app', role: 'release', approver: 'bob' }, 'bob-key', (said) => ({
        ...said,
        routines: [{ digest: digestOf('routine'), result: 'failed' }],
      })),
    },
    'an approval by a key that nobody trusts': {
      codes: ['approvals-refused'],
      names: ['no trusted key'],
      steps: secondApproval({ stage: 'app', role: 'release', approver: 'bob' }, 'stranger-key'),
    },
    'an approval by a revoked key': {
      codes: ['approvals-revoked'],
      names: ['revoked'],
      walk: () => ({ trust: trustSet({ revocations: [revoked('bob-key')] }) }),
    },
    'approvals of which none is in a role that is needed': {
      codes: ['approvals-roles'],
      names: ['1 as release'],
      steps: {
        approveApp(world, { image }) {
          approve(world, image, { stage: 'app', role: 'security', approver: 'alice' }, 'alice-key');
          approve(world, image, { stage: 'app', role: 'security', approver: 'carol' }, 'carol-key');
        },
      },
      walk: {
        layout: stageChanged('app', {
          approvals: { ...layout.stages[2]!.approvals, neededByRole: { security: 1, release: 1 } },
        }),
      },
    },
    'approvals that an older image had': {
      codes: ['approvals-short'],
      names: ['it has 0'],
      steps: {
        approveApp() {},
      },
      async after({ world }) {
        const old = await addImage(world, 'prod/api', appOf([...nodeLayers, { content: 'old app' }]));
        approveApp(world, { image: old, link: undefined as never, signed: undefined as never });
        // what approves the old image is listed under the new one as well
        const released = [...world.attached.keys()].find(
          (key) => key.startsWith('prod/api') && !key.endsWith(old.digest),
        )!;
        const moved = world.attached.get(`prod/api ${old.digest}`)!;
        world.attached.set(released, [...world.attached.get(released)!, ...moved]);
      },
    },
  });
});
