// Markup whose values are escaped.
/** Markup that is safe to send: every value in it went through `html`. */
export interface Html {
  readonly markup: string
}

type Value = Html | string | number | false | undefined | readonly Value[]

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Makes markup of a template; values are escaped unless they are markup themselves; lists are joined, false is left out. */
export function html(template: TemplateStringsArray, ...values: readonly Value[]): Html {
  return { markup: String.raw({ raw: template }, ...values.map(markupOf)) }
}

function markupOf(value: Value): string {
  if (value === false || value === undefined) return ''
  if (typeof value === 'string') return value.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
  if (typeof value === 'number') return `${value}`
  return 'markup' in value ? value.markup : value.map(markupOf).join('')
}
