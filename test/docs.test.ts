// Keeps the documentation whole and readable: links lead somewhere, and the worst patterns of our English stay out.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

const PAGES = execFileSync('git', ['ls-files', '*.md'], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter(existsSync)

/** Written by programs, or by others. */
const GENERATED = /^docs\/(api|bench\/|league)|^CODE_OF_CONDUCT/

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/(?:^|[.;:] )Where [a-z]/m, '"If" or "When" at the start of a sentence'],
  [/, where (?:the|a|an|it|they|no|Redis|this|that|there) /, 'if or when'],
  [/(?<!there )\bis no \w+[.,;:]/i, 'isn’t a'],
  [/\bbeside\b/i, 'besides, next to, in addition to'],
  [/\b(?:of its own|of their own|by itself|by themselves)\b/, 'separate, own; automatically'],
  [/\banew\b/, 'again'],
  [/\bmeanwhile[.,;:)]/, 'in the meantime, until then'],
  [/\bso many\b/, 'that many'],
  [/\b(?:the lead|whoever leads)\b/, 'the primary, is promoted'],
  [/\b(?:hole|holes) in\b/, 'vulnerability'],
  [/\bmend(?:s|ed|ing)?\b/, 'fix'],
  [/\b(?:goes|went|going) on (?:with|as|from|serving|answering|until|while)\b/, 'continues'],
  [/\bthe way of\b/i, 'the path of'],
  [/\bthat is what\b/i, 'say it directly'],
  [/\b(?:is|are|stays?|holds? \w+ for) dead\b/, 'no longer exists, is down'],
]

/** The text without what is quoted: code, and lines of the list of words to avoid. */
function prose(page: string): string {
  return readFileSync(page, 'utf8')
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, '`code`')
    .replace(/\*[^*\n]+\*/g, '*quoted*')
}

/** Anchors as GitHub makes them. */
function anchors(page: string): Set<string> {
  const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```/gm, '')
  const found = new Set([...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id))
  for (const [, heading = ''] of text.matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '')
    const slug = plain
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-')
    let unique = slug
    for (let n = 1; found.has(unique); n++) unique = `${slug}-${n}`
    found.add(unique)
  }
  return found
}

function links(page: string): string[] {
  const text = readFileSync(page, 'utf8')
    .replace(/^```[\s\S]*?^```/gm, '')
    .replace(/`[^`\n]*`/g, '')
  const markdown = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
  const html = [...text.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g)]
  return [...markdown, ...html].map(([, target = '']) => target)
}

test.each(PAGES)('%s: links to files and sections that exist', (page) => {
  const broken = links(page).filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path ? normalize(join(dirname(page), decodeURI(path))) : page
    if (!existsSync(target)) return true
    return anchor !== undefined && target.endsWith('.md') && !anchors(target).has(anchor)
  })
  expect(broken).toEqual([])
})

test.each(PAGES.filter((page) => !GENERATED.test(page)))('%s: is written in plain English', (page) => {
  const text = prose(page)
  const found = PATTERNS.flatMap(([pattern, better]) => {
    const match = pattern.exec(text)
    return match ? [`"${text.slice(Math.max(0, match.index - 30), match.index + 50)}" → ${better}`] : []
  })
  expect(found).toEqual([])
})

test('docs/api.md has each name that the store exports (node scripts/api.mjs writes it)', () => {
  const page = readFileSync('docs/api.md', 'utf8')
  const exported = [...readFileSync('src/store/index.ts', 'utf8').matchAll(/export (?:type )?{([^}]*)}/g)]
  const names = exported.flatMap(([, list = '']) =>
    list.split(',').map((name) => name.replace(/\btype\b/, '').trim()),
  )
  expect(
    names.filter((name) => name && !page.includes(`### ${name}`) && !page.includes(` ${name}\n`)),
  ).toEqual([])
})
