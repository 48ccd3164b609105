import { describe, expect, test } from 'vitest'
import { find, render } from '../support/chart.js'

const config = async (...values: string[]) => {
  const { data } = find(await render(values), 'ConfigMap', 'redissessions-redis')
  return { conf: data?.['redis.conf'] ?? '', start: data?.['start.sh'] ?? '' }
}

test('never evicts a session, and writes as the durability says', async () => {
  const usual = await config()
  expect(usual.conf).toContain('maxmemory-policy noeviction')
  expect(usual.conf).toContain('appendonly yes\nappendfsync everysec')
  expect((await config('--set=redis.durability=disk')).conf).toContain('appendfsync always')
  expect((await config('--set=redis.persistence.enabled=false')).conf).toContain('appendonly no')
})

test('the user of the app has no dangerous command and no foreign key', async () => {
  const { start } = await config()
  const [rules = ''] = start.match(/user redissessions .*/) ?? []
  // Off for everybody; Redis itself loads its append-only file as this user, and must be let.
  expect(start).toContain('user default off ~* &* +@all')
  expect(rules).toContain('-@all')
  expect(rules.match(/~\S+/g)).toEqual(['~sess:*', '~{sess:*', '~redissessions:*'])
  expect(rules).not.toMatch(
    /\+(@|flush|config|keys|acl|debug|shutdown|save|replicaof|migrate|function|monitor)/,
  )
})

test('a claim of its own that outlives the release, or none', async () => {
  const kept = find(await render(['--set=redis.persistence.size=3Gi']), 'StatefulSet', 'redissessions-redis')
  expect(kept.spec).toMatchObject({
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    volumeClaimTemplates: [{ spec: { resources: { requests: { storage: '3Gi' } } } }],
  })
  const [without] = [await render(['--set=redis.persistence.enabled=false'])]
  expect(find(without, 'StatefulSet', 'redissessions-redis').spec).not.toHaveProperty('volumeClaimTemplates')
})

describe('what rolls Redis', () => {
  const template = async (...args: string[]) => {
    const { spec } = find(
      await render(['--set=redis.existingSecret=mine', ...args]),
      'StatefulSet',
      'redissessions-redis',
    )
    return JSON.stringify((spec as { template: unknown }).template)
  }

  test('a change of its configuration', async () => {
    expect(await template('--set=redis.maxmemory=64mb')).not.toBe(await template())
  })

  test('nothing that concerns the app alone', async () => {
    const app = ['--set=replicaCount=7,image.tag=other,session.ttlSeconds=60,chaos.enabled=true']
    expect(await template(...app)).toBe(await template())
  })
})
