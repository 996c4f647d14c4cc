/**
 * Whether a host is this machine itself. What is said to it crosses no network, so nobody listens and no proxy helps.
 */

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/i;

export const isLoopback = (host: string): boolean => LOOPBACK.test(host);
