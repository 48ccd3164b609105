// The session stores that SESSION_STORE takes.

/** The default comes first. */
export const STORE_NAMES = ['exact', 'connect-redis', 'memory'] as const

export type StoreName = (typeof STORE_NAMES)[number]
