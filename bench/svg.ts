/** @returns a picture with its title, for the docs: readable on a light and on a dark page. */
export function svg(title: string, width: number, height: number, left: number, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" fill="#777" color="#777">
<title>${title}</title>
<text x="${left}" y="20" font-weight="600">${title}</text>
${content}
</svg>
`
}
