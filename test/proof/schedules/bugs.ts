import type { Edits } from './explore.js'

/** Bugs that such a store may have, each put into its source on purpose: what finds none of these is no proof. */
export const BUGS: Readonly<Record<string, Edits>> = {
  'a mark is not written': [[/if changed then redis\.call\('HSET', key, mark.* end$/m, '']],
  'a mark is checked by >= instead of ==': [
    [/if last == sequence then/, 'if tonumber(sequence) >= tonumber(last) then'],
  ],
  'a late batch is not refused': [
    [/if tonumber\(last\) > tonumber\(sequence\) then return/, 'if false then return'],
  ],
  'PEXPIRE comes before the checks, and what they do': [
    [/if expiry then redis\.call\('PEXPIRE', key, expiry\) end/, ''],
    [/(local results, changed, expiry = .*)/, "$1\nredis.call('PEXPIRE', key, 1000000)"],
  ],
  'a batch resolves in the wrong order': [
    [/knownOutcome\(outcomes\[i\]/, 'knownOutcome(outcomes[batch.length - 1 - i]'],
  ],
  'an update does not ask whether the session is there': [
    [/if mode == 'update' and not alive then return '\["gone"\]' end/, ''],
  ],
  'an idempotency key is not remembered': [
    [/if idempotency(?: ~= '')? then remember\(idempotency, outcome\) end/, ''],
  ],
  'a deleted key is not deleted': [[/each\('HDEL', deletes, deletesEnd\)/, '']],
  'a held session forgets what it has committed': [
    [/const base = applied\(this\.#base, this\.#committed, .*\)/, 'const base = new Map(this.#base)'],
  ],
  'all keys are written, not only the changed ones': [
    [/if \(was === is\) continue/, ''],
    [/if \(was === undefined \|\| !\(key === .cookie. \? sameCookie\(was, is\) : same\(was, is\)\)\)/, ''],
  ],
  'a session that gets a new id keeps the old one': [
    [/redis\.call\('RENAME', KEYS\[1\], KEYS\[2\]\)/, "redis.call('COPY', KEYS[1], KEYS[2])"],
  ],
  'a counter is set, not added to': [
    [
      /redis\.pcall\('HINCRBY', key, name, ARGV\[i \+ 1\]\)/,
      "(redis.call('HSET', key, name, ARGV[i + 2]) and tonumber(ARGV[i + 2]))",
    ],
  ],
  'flushed scripts are not sent again': [[/includes\('NOSCRIPT'\)/, "includes('NO SCRIPT')"]],
  'a lean commit writes its mark elsewhere': [[/`ARGV\[1\], ARGV\[2\]/, "`'@wx', ARGV[2]"]],
  'a lean commit does not ask whether it was applied': [[/if known > ARGV\[2\] then return false end/, '']],
  'a lean commit does not ask whether the session is there': [
    [/if redis\.call\('EXISTS', key\) == 0 then return false end/, ''],
  ],
  'a session with a new id takes along only what its request knew': [
    [/if \(!change\?\.set\.has\(name\)\) data\[name\] = latest\[name\]/, ''],
  ],
  'a new session whose commit comes again is taken for the one of another': [
    [
      /if changed then redis\.call\('HSET', key, mark/,
      "if changed and known then redis.call('HSET', key, mark",
    ],
  ],
  'a slot that moves is an error': [[/\|\^MOVED\|\^ASK\|TRYAGAIN/, '']],
  "a Cluster's lost node is no loss": [[/if \(client\.isCluster\) client\.on\('-node', lost\)/, '']],
  'a wait on a new connection counts': [[/if \(losses !== this\.#losses\) throw/, 'if (losses < 0) throw']],
  'a destroyed session is not waited for': [[/if \(durability\.waits\) await/, 'if (sid === "") await']],
}
