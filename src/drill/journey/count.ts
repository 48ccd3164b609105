// The count in an answer, however it is written: 1234, 1,234, 1'234, 1 234, 1,00,000.
import { patternOf, type Reader, readerOf } from './where.js'

/** A text that was taken for a count. */
export interface Count {
  text: string
  /** What it can mean, the likelier one first: `1 234` is 1234, or 1 and something else. Nothing if it is no whole number. */
  numbers: readonly number[]
}

/** Reads the count of an answer; undefined if there is nothing. */
export type CountReader = (answer: Parameters<Reader>[0]) => Count | undefined

// As pages have them: also as entities, as escapes of JSON, and as bytes that are no UTF-8.
const SEPARATOR = String.raw`[,.'’_·٬ \u00a0\u2007\u2009\u202f\ufffd]|&(?:nbsp|thinsp|numsp|apos|rsquo|#\d+|#x[\da-f]+);|\\u00a0|\\u2009|\\u202f`
const THOUSANDS = String.raw`\d{1,3}(?<sep>${SEPARATOR})\d{3}(?:\k<sep>\d{3})*`
/** As in India: 12,34,567. */
const LAKHS = String.raw`\d{1,2}(?:,\d{2})+,\d{3}`
const GROUPED = new RegExp(`(?<!\\d)(?:${THOUSANDS}|${LAKHS})(?!\\d)`, 'gi')
const WHOLE = new RegExp(`^(?:${THOUSANDS}|${LAKHS})$`, 'i')
/** What makes a number of the digits before it that is not theirs: 1.2K, 1e+3. */
const SHORTENED = /^(?:[.,]\d+)?[\u00a0\u202f]?(?:[KkMB](?!\w)|mil(?!\w)|e[+-]?\d|[千万萬亿億천만])/u
/** How far around a match its other groups are looked for. */
const REACH = 48

/** @param where one of the forms in WHERE; undefined if it cannot be read so */
export function countReaderOf(where: string): CountReader | undefined {
  const read = readerOf(where)
  const pattern = where.startsWith('re:') ? patternOf(where.slice(3)) : undefined
  return read && (pattern ? byPattern(pattern) : (answer) => countOf(read(answer)))
}

/** @returns a count: a whole number, with or without separators and a text around it, or the length of a list */
export function countOf(value: unknown): Count | undefined {
  if (Array.isArray(value)) return { text: String(value.length), numbers: [value.length] }
  if (typeof value === 'number') return { text: String(value), numbers: counts(value) }
  return typeof value === 'string' ? countIn(value.trim()) : undefined
}

function countIn(text: string): Count | undefined {
  if (!/\d/.test(text)) return undefined
  if (/^\d+$/.test(text)) return { text, numbers: counts(Number(text)) }
  if (WHOLE.test(text)) return { text, numbers: counts(digitsOf(text)) }
  const grouped = [...text.matchAll(GROUPED)]
  const [one, ...others] = grouped.length > 0 ? grouped : text.matchAll(/\d+/g)
  const rest = text.slice((one?.index ?? 0) + (one?.[0].length ?? 0))
  const alone = one && others.length === 0 && !/\d/.test(text.slice(0, one.index) + rest)
  const before = text[(one?.index ?? 0) - 1]
  return { text, numbers: alone && before !== '-' && !SHORTENED.test(rest) ? counts(digitsOf(one[0])) : [] }
}

function byPattern(pattern: RegExp): CountReader {
  return ({ body, headers }) => {
    const match = pattern.exec(body)
    const text = match?.[1]
    const [from, to] = match?.indices?.[1] ?? []
    if (text === undefined || from === undefined || to === undefined) return undefined
    if (!/^\d+$/.test(text)) return countIn(text.trim())
    // In JSON `[1,234]` is a list; in one of its texts it is a number.
    const whole = isJson(headers) && !isInText(body, from) ? undefined : grownToWholeNumber(body, from, to)
    const shortened = SHORTENED.exec(body.slice(to, to + REACH))?.[0]
    return {
      text: whole ?? text + (shortened ?? ''),
      numbers: [
        ...(whole === undefined ? [] : counts(digitsOf(whole))),
        ...(shortened === undefined ? counts(Number(text)) : []),
      ],
    }
  }
}

/** `(\d+)` finds 234 in `1,234 visits`: the text grows to the number that it is a part of. */
function grownToWholeNumber(body: string, from: number, to: number): string | undefined {
  const start = Math.max(0, from - REACH)
  for (const match of body.slice(start, to + REACH).matchAll(GROUPED)) {
    const at = start + match.index
    if (at <= from && at + match[0].length >= to) return match[0]
  }
  return undefined
}

const isJson = (headers: Readonly<Record<string, unknown>>) =>
  /json/.test(String(headers['content-type'] ?? ''))

function isInText(json: string, at: number): boolean {
  for (const { index, 0: text } of json.matchAll(/"(?:[^"\\]|\\.)*"/g))
    if (index < at && at < index + text.length) return true
  return false
}

/** Without the digits of an entity or an escape. */
function digitsOf(text: string): number {
  return Number(text.replace(/&[^;]*;|\\u[\da-f]{4}/gi, '').replace(/\D/g, ''))
}

function counts(value: number): number[] {
  return Number.isSafeInteger(value) && value >= 0 ? [value] : []
}
