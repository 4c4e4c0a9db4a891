/** An image runs in many places; a way in that lies in it is the same in all of them. */
export const noLogins = String.raw`
  - name: no-logins
    title: Nobody can log in by what lies in the image
    description: >-
      No account of the image lets in without a password, has its password or a key of SSH in the image, or has all rights of root under
      another name. What packages of the distribution brought counts too.
    needs: [inventory]
    parameters:
      kinds:
        type: strings
        description: what must not be, of passwordless, password, administrator and key
        tightens: more
        default: [passwordless, password, administrator, key]
      allowedAccounts:
        type: strings
        description: names of accounts that may
        tightens: fewer
        default: []
    variables:
      known: has(inventory.accounts)
      counted: >-
        !known ? 0 : ("passwordless" in params.kinds ? inventory.accounts.counts.passwordless : 0) +
        ("password" in params.kinds ? inventory.accounts.counts.password : 0) +
        ("administrator" in params.kinds ? inventory.accounts.counts.administrator : 0) +
        ("key" in params.kinds ? inventory.accounts.counts.key : 0)
      listed: 'known ? inventory.accounts.found.filter(a, a.kind in params.kinds) : []'
      found: listed.filter(a, !(a.account in params.allowedAccounts))
      total: counted - (size(listed) - size(found))
      says: >-
        {"passwordless": "lets in without a password", "password": "has its password in the image",
        "administrator": "has all rights of root", "key": "lets in by a key that is in the image"}
    expression: known && inventory.accounts.complete && total == 0
    message: >-
      !known ? "it is not known who can log in" :
      total == 0 ? "not all files of accounts could be read" + (has(inventory.accounts.reason) ? ": " + inventory.accounts.reason : "") :
      size(found) == 0 ? string(total) + " accounts that are not listed let in" :
      "the account " + found[0].account + " " + says[found[0].kind] + " (" + found[0].path + ")" +
      (total == 1 ? "" : "; and " + string(total - 1) + " more")
    details: >-
      found.map(a, "layer " + string(a.layer) + " " + a.path + ": " + a.account + " " + says[a.kind] +
      (has(a.detail) ? ", " + a.detail : ""))
    remedy: >-
      lock the account (passwd -l, usermod -p '!'), take away keys and accounts, and give what is needed to log in to the container when it
      starts
    tests:
      - name: nobody
        facts: {}
        expect: pass
      - name: root without a password
        facts: { inventory: { accounts: { counts: { passwordless: 1 }, found: [{}] } } }
        expect: fail
        message: the account root lets in without a password (etc/shadow)
      - name: another administrator
        facts:
          inventory:
            accounts: { counts: { administrator: 1 }, found: [{ kind: administrator, account: toor, path: etc/passwd }] }
        expect: fail
        message: the account toor has all rights of root (etc/passwd)
      - name: an account that may
        facts: { inventory: { accounts: { counts: { key: 1 }, found: [{ kind: key, account: git }] } } }
        parameters: { allowedAccounts: [git] }
        expect: pass
      - name: a kind that may be
        facts: { inventory: { accounts: { counts: { password: 1 }, found: [{ kind: password }] } } }
        parameters: { kinds: [passwordless, administrator, key] }
        expect: pass
      - name: more than are listed
        facts: { inventory: { accounts: { counts: { passwordless: 300 } } } }
        expect: fail
        message: 300 accounts that are not listed let in
      - name: not all read
        facts: { inventory: { accounts: { complete: false, reason: etc/passwd is a loop of links } } }
        expect: fail
        message: 'not all files of accounts could be read: etc/passwd is a loop of links'
      - name: nothing known of its accounts
        facts: { inventory: { accounts: null } }
        expect: fail
      - name: not inspected yet
        facts: { inventory: null }
        expect: undecided
`;
