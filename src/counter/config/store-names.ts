/** The session stores, the default first. */
export const STORE_NAMES = ['exact', 'connect-redis', 'memory'] as const

export type StoreName = (typeof STORE_NAMES)[number]
