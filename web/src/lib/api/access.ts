// SPDX-License-Identifier: Apache-2.0
// The page of a shared link reads with the token of its address, and nothing else. The token stays in the fragment: no server log and
// no referrer has it.

const is_share = typeof location !== 'undefined' && typeof document !== 'undefined' && /^\/ui\/share\/?$/.test(location.pathname);

/** Null on all other pages. */
export const share_token: string | null = is_share ? location.hash.slice(1) : null;

export const AccessHeaders = (): Record<string, string> => (share_token === null ? {} : { Authorization: `Bearer ${share_token}` });
