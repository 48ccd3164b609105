/** Mutants that no test can notice, and why, by what is mutated: whoever adds one has looked for a test that fails. */
export const EXPLAINED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  lua: {
    'commit.lua: if wanted > 0 then  →  if wanted >= 0 then': 'if it is 0, the line before has returned',
    "commit.lua: if ttl > 0 then redis.call('PEXPIRE', key, ttl) end  →  if ttl >= 0 then redis.call('PEXPIRE', key, ttl) end":
      'differs in the last millisecond of a session alone',
    "commit.lua: if ttl > 0 then redis.call('PEXPIRE', key, ttl) end  →  if ttl > 1 then redis.call('PEXPIRE', key, ttl) end":
      'differs in the last millisecond of a session alone',
    "commit.lua: if tonumber(last) > tonumber(sequence) then return redis.error_reply('STALE a later commit of this client was applied') end  →  if tonumber(last) >= tonumber(sequence) then return redis.error_reply('STALE a later commit of this client was applied') end":
      'if they are equal, the lines before have returned',
    "commit.lua: local alive = known and true or redis.call('EXISTS', key) == 1  →  local alive = known and false or redis.call('EXISTS', key) == 1":
      'a key with a mark exists',
    "commit.lua: local _, last = string.find(lines, ' ' .. idempotency .. ' ', 1, true)  →  local _, last = string.find(lines, ' ' .. idempotency .. ' ', 2, true)":
      'a line begins with its seconds: no space is at 1',
    "commit.lua: while #entries - first + 1 >= KEYS_KEPT or first <= #entries and now - string.match(lines, '^%d+', start) > KEPT_SECONDS do  →  while #entries - first + 1 >= KEYS_KEPT or first <= #entries and now - string.match(lines, '^%d+', start) >= KEPT_SECONDS do":
      "differs in one second of ten minutes alone, in which Redis' clock may go on",
    "commit.lua: if not string.find(total.err, 'not an integer', 1, true) and not string.find(total.err, 'overflow', 1, true) then  →  if not string.find(total.err, 'not an integer', 2, true) and not string.find(total.err, 'overflow', 1, true) then":
      "Redis' words are not at the very beginning of its errors",
    'commit.lua: local exact = math.abs(total) < 2 ^ 53  →  local exact = math.abs(total) <= 2 ^ 53':
      'both are the same digits for 2 ^ 53 itself',
    "commit.lua: if not string.find(total.err, 'not an integer', 1, true) and not string.find(total.err, 'overflow', 1, true) then  →  if not string.find(total.err, 'not an integer', 1, true) and not string.find(total.err, 'overflow', 2, true) then":
      "Redis' words are not at the very beginning of its errors",
    'commit.lua: while i < appendsEnd do  →  while i <= appendsEnd do':
      'each list ends before the next begins: i is never the last argument',
    "prune.lua: if now - seconds > KEPT_SECONDS then redis.call('HDEL', key, name) else kept[#kept + 1] = name end  →  if now - seconds >= KEPT_SECONDS then redis.call('HDEL', key, name) else kept[#kept + 1] = name end":
      "differs in one second of ten minutes alone, in which Redis' clock may go on",
    'reply.lua: local size = 0  →  local size = 1':
      'how a reply is put together is a matter of speed: both ways are read alike',
    'reply.lua: for i = 1, #parts do  →  for i = 2, #parts do':
      'how a reply is put together is a matter of speed: both ways are read alike',
    "reply.lua: if size > 1000 or string.find(parts[i], '\\0', 1, true) then return parts end  →  if size >= 1000 or string.find(parts[i], '\\0', 1, true) then return parts end":
      'how a reply is put together is a matter of speed: both ways are read alike',
    'reply.lua: size = size + string.len(parts[i])  →  size = size - string.len(parts[i])':
      'how a reply is put together is a matter of speed: both ways are read alike',
    "reply.lua: if size > 1000 or string.find(parts[i], '\\0', 1, true) then return parts end  →  if size > 1001 or string.find(parts[i], '\\0', 1, true) then return parts end":
      'how a reply is put together is a matter of speed: both ways are read alike',
    "reply.lua: if size > 1000 or string.find(parts[i], '\\0', 1, true) then return parts end  →  if true then return parts end":
      'how a reply is put together is a matter of speed: both ways are read alike',
    'reply.lua: size = size + string.len(parts[i])  →  (dropped)':
      'how a reply is put together is a matter of speed: both ways are read alike',
    "record.lua: if tonumber(last) > tonumber(sequence) then return redis.error_reply('STALE a later commit of this client was applied') end  →  if tonumber(last) >= tonumber(sequence) then return redis.error_reply('STALE a later commit of this client was applied') end":
      'if they are equal, the lines before have returned',
    "lean-commits.ts: if #c${i} > 15 or not string.find(c${i}, '^-?[1-9]%d*$') and c${i} ~= '0' then return false end  →  if #c${i} > 16 or not string.find(c${i}, '^-?[1-9]%d*$') and c${i} ~= '0' then return false end":
      'commit.lua, which it is left to, does the same',
    'lean-commits.ts: if n${i} > ${Number.MAX_SAFE_INTEGER} or n${i} < ${Number.MIN_SAFE_INTEGER} then return false end  →  if n${i} >= ${Number.MAX_SAFE_INTEGER} or n${i} < ${Number.MIN_SAFE_INTEGER} then return false end':
      'commit.lua, which it is left to, does the same',
    'lean-commits.ts: if n${i} > ${Number.MAX_SAFE_INTEGER} or n${i} < ${Number.MIN_SAFE_INTEGER} then return false end  →  if n${i} > ${Number.MAX_SAFE_INTEGER} or n${i} <= ${Number.MIN_SAFE_INTEGER} then return false end':
      'commit.lua, which it is left to, does the same',
    "lean-commits.ts: if not r${i} or not string.find(r${i}, '^-?%d+$') then return false end  →  if  r${i} or not string.find(r${i}, '^-?%d+$') then return false end":
      'commit.lua, which it is left to, does the same',
    "lean-commits.ts: if not r${i} or not string.find(r${i}, '^-?%d+$') then return false end  →  if not r${i} or  string.find(r${i}, '^-?%d+$') then return false end":
      'commit.lua, which it is left to, does the same',
    "lean-commits.ts: if not r${i} or not string.find(r${i}, '^-?%d+$') then return false end  →  if true then return false end":
      'commit.lua, which it is left to, does the same',
    'lean-commits.ts: local find, entries, at = string.find, 0, 1  →  local find, entries, at = string.find, 0, 2':
      'an entry is before each separator',
    "lean-commits.ts: repeat entries, at = entries + 1, find(l${i}, ',\\\\n', at + 1, true) until not at  →  repeat entries, at = entries + 1, find(l${i}, ',\\\\n', at + 2, true) until not at":
      'an entry is between two separators',
    'lean-commits.ts: if known > ARGV[2] then return false end  →  if known >= ARGV[2] then return false end':
      'a mark has more than its sequence, so they are never equal',
    'lean-commits.ts: if kept then  →  if false then':
      'what the pattern finds, the lines behind it find, too',
    'lean-commits.ts: extends = ttl ~= got[2] or age < 0 or (age + 2) * 100000 > (ttl or 0) + 0  →  extends = ttl ~= got[2] or age < 0 or (age + 2) * 100000 > (ttl or 1) + 0':
      'without a measure there is nothing to extend by',
    "lean-commits.ts: if redis.call('EXISTS', key) == 0 then return false end  →  if true then return false end":
      'commit.lua, which it is left to, does the same',
    'commit.lua: local found, last = {}, 0  →  local found, last = {}, 1': 'a line is longer than its end',
    "commit.lua: last = string.find(lines, '\\n', last + 1, true)  →  last = string.find(lines, '\\n', last + 2, true)":
      'a line is longer than its end',
    'commit.lua: local entries, at = 0, 1  →  local entries, at = 0, 2': 'an entry is before each separator',
    "commit.lua: entries, at = entries + 1, string.find(list, ',\\n', at + 1, true)  →  entries, at = entries + 1, string.find(list, ',\\n', at + 2, true)":
      'an entry is between two separators',
    "session.lua: if not refused then ttl = redis.call('PTTL', key) end  →  if true then ttl = redis.call('PTTL', key) end":
      'it saves a call: a moment after it was extended by its measure, a session expires in just that',
    "lean-commits.ts: if #c${i} > 15 or not string.find(c${i}, '^-?[1-9]%d*$') and c${i} ~= '0' then return false end  →  if #c${i} >= 15 or not string.find(c${i}, '^-?[1-9]%d*$') and c${i} ~= '0' then return false end":
      'commit.lua, which it is left to, does the same',
    'record.lua: if not least or at < least then oldest, least = name, at end  →  if not least or at <= least then oldest, least = name, at end':
      'of those of the same second any may go',
  },
  typescript: {
    'change.ts: ConditionalExpression: was !== undefined  →  false':
      'how many keys are left only says whether deleted ones are looked for: that there are none is found then, too',
    'change.ts: AssignmentOperator: left -= 1  →  left += 1':
      'how many keys are left only says whether deleted ones are looked for: that there are none is found then, too',
    'change.ts: AssignmentOperator: left -= 1  →  left += 1 (2)':
      'how many keys are left only says whether deleted ones are looked for: that there are none is found then, too',
    'change.ts: ConditionalExpression: was === undefined  →  true':
      'how many keys are left only says whether deleted ones are looked for: that there are none is found then, too',
    'change.ts: ConditionalExpression: left > 0  →  true':
      'how many keys are left only says whether deleted ones are looked for: that there are none is found then, too',
    'change.ts: ArrayDeclaration: []  →  ["Stryker was here"] (2)': 'no JSON text is so',
    'change.ts: ArithmeticOperator: after.length - 1  →  after.length + 1':
      'differs for a list that is longer than it may be now, which becomes its newest entries either way',
    'clients/node-redis-base.ts: BlockStatement: { return undefined }  →  {}':
      'a function that returns nothing returns undefined',
    'commit-queue.ts: ArrayDeclaration: []  →  ["Stryker was here"] (2)':
      'there is a list by then: only the types say that there may be none',
    'clients/gathered-writes.ts: OptionalChaining: this.#corked?.uncork  →  this.#corked.uncork':
      'it is called only after one was corked: only the types say that there may be none',
    'commit-queue.ts: OptionalChaining: this.#waiting[key]?.splice  →  this.#waiting[key].splice':
      'there is a list by then: only the types say that there may be none',
    'commit-queue.ts: StringLiteral: \'\'  →  "Stryker was here!"':
      'it keeps the place of what is written over it before it is sent',
    'confirmed-connection.ts: AssignmentOperator: this.#losses += 1  →  this.#losses -= 1':
      'it is only asked whether it is another number than before',
    'record-commits.ts: StringLiteral: \'record\'  →  "" (2)':
      'nobody asks for it: only whether it is none, or a hash',
    'encryption.ts: StringLiteral: \'utf8\'  →  ""': 'Node takes a text for UTF-8 if nothing is said',
    'held-session.ts: ObjectLiteral: { ttlMs: undefined, expiry: undefined }  →  {}':
      'what is not there is undefined',
    'in-sync.ts: ObjectLiteral: { inSync: undefined }  →  {}': 'what is not there is undefined',
    'in-sync.ts: ConditionalExpression: followers.some(({ address }) => address === name)  →  false':
      'the lines behind it find the same, though they may have to look names up',
    'in-sync.ts: ArrowFunction: ({ address }) => address === name  →  () => undefined':
      'the lines behind it find the same, though they may have to look names up',
    'in-sync.ts: ConditionalExpression: address === name  →  false':
      'the lines behind it find the same, though they may have to look names up',
    'in-sync.ts: MethodExpression: followers.map(({ address }) => address).filter((address) => !members.has(address))  →  followers.map(({ address }) => address)':
      'a member is waited for whether it is said to be out or not',
    'in-sync.ts: EqualityOperator: performance.now() - began > this.#patienceMs  →  performance.now() - began >= this.#patienceMs':
      'differs in one instant alone',
    'in-sync.ts: ArrayDeclaration: []  →  ["Stryker was here"]':
      'the set is known by then: only the types say that it may not be',
    'lean-commits.ts: EqualityOperator: cap > 1  →  cap <= 1':
      'what the pattern finds, the lines behind it find, too: a matter of speed',
    'lean-commits.ts: EqualityOperator: cap <= TEXTS_AT_MOST  →  cap > TEXTS_AT_MOST':
      'what the pattern finds, the lines behind it find, too: a matter of speed',
    "lean-commits.ts: ConditionalExpression: loads === 'all'  →  false":
      'its letters are names that no other commit loads',
    'lean-commits.ts: StringLiteral: \',\\n\'  →  "" (3)':
      'what the pattern finds, the lines behind it find, too: a matter of speed',
    'lean-commits.ts: ConditionalExpression: loaded.has(name)  →  true':
      'what nobody asked for comes last, and is left out when the reply is read',
    "record-commits.ts: ConditionalExpression: expiry.kind === 'sliding'  →  true":
      'what ends at a fixed time has no ms: only the types say so',
    'retrying-client.ts: EqualityOperator: left <= 0  →  left < 0':
      'differs in the one moment in which no time at all is left',
    'retrying-client.ts: ObjectLiteral: { over: false, last: undefined }  →  {}':
      'what is not there yet is as good as false and undefined',
    "lean-commits.ts: ConditionalExpression: loads !== 'all'  →  true":
      'the text "all" has no colon in it, so that no name is found there',
    'object-slot.ts: ConditionalExpression: Reflect.defineProperty(object, this.#key, { value, writable: true, configurable: true })  →  false':
      'what an object does not take is found beside it, and so is what it took: a matter of speed',
    'record-commits.ts: EqualityOperator: performance.now() >= deadline  →  performance.now() > deadline':
      'differs in one instant alone',
    'session-codec.ts: OptionalChaining: name?.charCodeAt  →  name.charCodeAt':
      'within the reply there is a name: only the types say that there may be none',
  },
}
